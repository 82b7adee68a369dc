namespace RnnGpu.Nn;

/// <summary>What a recurrent layer returns.</summary>
/// <param name="Output">
/// <c>[T, B, D*H]</c>: states of the top layer after every step, 0 behind a row's length; the default tensor when not asked for.
/// </param>
/// <param name="Hidden"><c>[L*D, B, H]</c>: final states, in the order layer 0, layer 0 reverse, layer 1, ...</param>
/// <param name="Cell"><c>[L*D, B, H]</c>: final cell states; the default tensor for cells without.</param>
public readonly record struct RecurrentOutput(Tensor Output, Tensor Hidden, Tensor Cell);
