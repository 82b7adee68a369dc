using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

/// <summary>Checks of an operation's arguments. Each throws an <see cref="ArgumentException"/> that names operation and operand.</summary>
internal static class Check
{
    /// <summary>A float tensor.</summary>
    public static void Floats(in TensorView view, string name, [CallerMemberName] string op = "")
    {
        if (view.IsEmpty || view.DType != DType.F32) { Fail(op, $"{name} must be a tensor of floats, not {view}"); }
    }

    /// <summary>A float tensor of so many elements.</summary>
    public static void Floats(in TensorView view, string name, long length, [CallerMemberName] string op = "")
    {
        Floats(view, name, op);
        if (view.Length != length) { Fail(op, $"{name} must have {length} elements, but is {view}"); }
    }

    /// <summary>A float tensor of so many elements, or none.</summary>
    public static void OptionalFloats(in TensorView view, string name, long length, [CallerMemberName] string op = "")
    {
        if (!view.IsEmpty) { Floats(view, name, length, op); }
    }

    /// <summary>An integer tensor of so many elements.</summary>
    public static void Ints(in TensorView view, string name, long length, [CallerMemberName] string op = "")
    {
        if (view.IsEmpty || view.DType != DType.I32 || view.Length != length)
        {
            Fail(op, $"{name} must be a tensor of {length} ints, not {view}");
        }
    }

    /// <summary>Float tensors with equal rows and columns, read as matrices (the last axis is columns).</summary>
    public static void SameMatrix(
        in TensorView view, string name, in TensorView like, string likeName, [CallerMemberName] string op = "")
    {
        Floats(view, name, op);
        if (view.Length != like.Length || view.Shape.Columns != like.Shape.Columns)
        {
            Fail(op, $"{name} is {view}, but {likeName} is {like}; they must have the same rows and columns");
        }
    }

    /// <summary>Indices below a limit; negative ones pass.</summary>
    /// <param name="what">What an index is called: "index", "target".</param>
    /// <param name="limitName">What there are so many of: "table rows", "classes".</param>
    public static unsafe void Below(
        int* indices, long count, int limit, string what, string limitName, [CallerMemberName] string op = "")
    {
        long i = 0;
        var bound = System.Runtime.Intrinsics.Vector256.Create(limit);
        for (; i <= count - 8; i += 8)
        {
            if (System.Runtime.Intrinsics.Vector256.GreaterThanOrEqualAny(
                System.Runtime.Intrinsics.Vector256.Load(indices + i), bound))
            {
                break;
            }
        }

        for (; i < count; i++)
        {
            if (indices[i] >= limit) { Fail(op, $"{what} {indices[i]} in row {i} is not below the {limit} {limitName}"); }
        }
    }

    /// <summary>Throws.</summary>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public static void Fail(string op, string message) => throw new ArgumentException($"{op}: {message}");
}
