using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>What one stream feeds in and gets at every step.</summary>
/// <param name="Input">Features (F32), or one symbol (I32).</param>
/// <param name="Inputs">I: numbers of an input; 1 for a symbol.</param>
/// <param name="Outputs">O: numbers of an output.</param>
/// <param name="Symbols">V: symbols are below it, and negative ones stand for nothing; 0 for features.</param>
public readonly record struct StreamFormat(DType Input, int Inputs, int Outputs, int Symbols = 0);

/// <summary>
/// A model that runs one time step at a time: recurrent layers in one direction, a <see cref="Sequential"/> of them and of layers that treat each
/// step by itself (<see cref="Module.IsPointwise"/>), and a user's own <see cref="Module"/> that hands the states on to its recurrent layers:
/// <code>public Tensor Step(Tensor input, StreamStates states) => _output.Forward(_lstm.Step(_embedding.Forward(input), states));</code>
/// <see cref="StreamSession"/>, <see cref="StreamBatch"/> and <see cref="StreamServer"/> run it.
/// </summary>
public interface IStreamable
{
    /// <summary>What goes in and comes out at every step.</summary>
    /// <exception cref="InvalidOperationException">The model cannot stream; says which layer does not let it.</exception>
    StreamFormat StreamFormat { get; }

    /// <summary>One step of n streams, without gradients: to T steps one by one belong the bits of a pass over T steps from zero states.</summary>
    /// <param name="input"><c>[n, I]</c>, or integers <c>[n]</c>.</param>
    /// <param name="states">Which streams, and their states; handed on to every recurrent layer, which takes part once a step.</param>
    /// <returns><c>[n, O]</c>, in the order of the input's rows.</returns>
    Tensor Step(Tensor input, StreamStates states);
}
