using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// The operations recorded since the last backward pass, in order. Running them back in the opposite order is reverse-mode
/// differentiation: by the time a node runs, every consumer of its output has added its part of the output's gradient.
/// </summary>
internal sealed class Tape(Device device)
{
    private readonly List<TapeNode> _nodes = [];
    private Stack<TapeNode>?[] _free = [];

    /// <summary>Whether a backward pass ran and its step's tensors still wait for the next operation to release them.</summary>
    public bool IsFinished { get; set; }

    public int Count => _nodes.Count;

    /// <summary>A node from the pool, put at the end of the tape.</summary>
    public T Record<T>()
        where T : TapeNode, new()
    {
        int kind = NodeKind<T>.Index;
        TapeNode node = kind < _free.Length && _free[kind] is { Count: > 0 } free ? free.Pop() : new T { Device = device, Kind = kind };
        node.Position = _nodes.Count;
        _nodes.Add(node);
        return (T)node;
    }

    /// <param name="root">Where to start.</param>
    /// <param name="gradient">Of every element of it; empty: <paramref name="factor"/>.</param>
    /// <param name="factor">The gradient of the one element.</param>
    public void Backward(TensorSlot root, Tensor gradient, float factor)
    {
        if (!device.GradEnabled) { throw new InvalidOperationException("Backward() inside a NoGrad scope: nothing is recorded there"); }
        TapeNode producer = root.Producer ?? throw NothingToDo(root);
        try
        {
            TensorView seed = root.LeaseGradient();
            if (gradient.IsEmpty) { device.Backend.Fill(factor, seed); }
            else { device.Backend.Copy(gradient.View, seed); }
            root.HasGradient = true;
            root.GradientIsOne = gradient.IsEmpty && factor == 1f;
            for (int i = _nodes.Count - 1; i >= 0; i--)
            {
                TapeNode node = _nodes[i];
                if (i <= producer.Position && node.HasOutputGradient) { node.Backward(); }
                _nodes.RemoveAt(i);
                Recycle(node);
            }

            device.Step++;
        }
        finally
        {
            Clear();
            IsFinished = true;
        }
    }

    /// <summary>Forgets what was recorded.</summary>
    public void Clear()
    {
        for (int i = _nodes.Count - 1; i >= 0; i--) { Recycle(_nodes[i]); }
        _nodes.Clear();
        IsFinished = false;
    }

    private static InvalidOperationException NothingToDo(TensorSlot root) => new(root.Finished
        ? "Backward() has already run on this tape and finished it; run the forward pass again first"
        : "Backward() of a tensor that depends on nothing that requires gradients (no trainable parameter, or made inside NoGrad)");

    private void Recycle(TapeNode node)
    {
        node.Release();
        if (node.Kind >= _free.Length) { Array.Resize(ref _free, node.Kind + 8); }
        (_free[node.Kind] ??= new Stack<TapeNode>()).Push(node);
    }

    /// <summary>A small number for every node class: the index of its free list.</summary>
    private static class NodeKind<T>
    {
        public static readonly int Index = Interlocked.Increment(ref NodeKinds.Count) - 1;
    }
}

/// <summary>Counts node classes.</summary>
internal static class NodeKinds
{
    public static int Count;
}
