using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Checks of operations' arguments, the same for every backend: one method an operation, one file a group of operations. Each throws an
/// <see cref="ArgumentException"/> that names operation and operand.
/// </summary>
public static partial class Check
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

    /// <summary>Throws.</summary>
    [DoesNotReturn]
    public static void Fail(string op, string message) => throw new ArgumentException($"{op}: {message}");
}
