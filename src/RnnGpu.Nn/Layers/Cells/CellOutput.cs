namespace RnnGpu.Nn;

/// <summary>What a <see cref="CellStack"/> returns.</summary>
/// <param name="Output">
/// <c>[T, B, D*S]</c>: first states of the top layer after every step, 0 behind a row's length; the default tensor when not asked for.
/// </param>
/// <param name="States">Final states, each <c>[L*D, B, S]</c>, in the order layer 0, layer 0 reverse, layer 1, ...</param>
public readonly record struct CellOutput(Tensor Output, CellStates States);
