using System.Runtime.CompilerServices;

namespace RnnGpu.Nn;

/// <summary>
/// The state tensors of a <see cref="RecurrentCell"/>, by number: an LSTM has h and c. A value without heap memory; a step gets it by
/// reference and puts the new states in the place of the old ones.
/// </summary>
public struct CellStates
{
    /// <summary>Most states of a cell.</summary>
    public const int MaxCount = 4;

    private Places _tensors;

    /// <summary>Of one state.</summary>
    public CellStates(Tensor first)
    {
        _tensors[0] = first;
        Count = 1;
    }

    /// <summary>Of two states.</summary>
    public CellStates(Tensor first, Tensor second)
        : this(first)
    {
        _tensors[1] = second;
        Count = 2;
    }

    /// <summary>Number of states; 0 for the default value, which stands for "zeros" where initial states are optional.</summary>
    public int Count { get; private set; }

    /// <summary>A state: <c>[B, S]</c> inside a step, <c>[L*D, B, S]</c> around a stack.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No state of that number.</exception>
    public Tensor this[int index]
    {
        readonly get => _tensors[Check(index)];
        set => _tensors[Check(index)] = value;
    }

    /// <summary>Whether one of the states is this very tensor.</summary>
    public readonly bool Contains(Tensor tensor)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_tensors[i] == tensor) { return true; }
        }

        return false;
    }

    /// <summary>One state more, at the end.</summary>
    internal void Add(Tensor tensor) => _tensors[Count++] = tensor;

    private readonly int Check(int index) => (uint)index < (uint)Count
        ? index
        : throw new ArgumentOutOfRangeException(nameof(index), $"there are {Count} states here, so none has the number {index}");

    [InlineArray(MaxCount)]
    private struct Places
    {
        private Tensor _first;
    }
}
