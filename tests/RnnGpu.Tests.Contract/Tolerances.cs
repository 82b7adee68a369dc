using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Every tolerance of the tests, each with its reason.</summary>
public static class Tolerances
{
    /// <summary>
    /// Central difference (f(x+h) - f(x-h)) / 2h in float64 with h = <see cref="DifferenceStep"/>: rounding of f costs about
    /// 2^-53 |f| sqrt(terms) / h, at most 3e-9 for the losses here (|f| under 50); truncation costs h^2 f'''/6, at most 4e-9 for third
    /// directional derivatives up to 6000. 1e-7 leaves a factor of ten; a wrong term in a gradient gives 1e-2 and more.
    /// </summary>
    public const double FiniteDifference = 1e-7;

    /// <summary>Step of a central difference along a direction; small enough that no ReLU of the data crosses its kink.</summary>
    public const double DifferenceStep = 2e-6;

    /// <summary>u: half the distance from 1 to the next float. One rounded operation errs by at most u times its result.</summary>
    public const double UnitRoundoff = 1.0 / (1 << 24);

    /// <summary>
    /// Error of tanh, sigmoid, exp and log in ulps of the result. Backends use polynomials of their own; the CPU's claim at most 3 ulps,
    /// libraries 1 to 2; 4 leaves room for the rounding of the argument's reduction.
    /// </summary>
    public const double ElementaryUlps = 4;

    /// <summary>
    /// Where a result underflows, its relative accuracy ends: backends may hold or flush it near the smallest normal number, 2^-126.
    /// </summary>
    public const double Underflow = 2.4e-38;

    /// <summary>A chain of n roundings over terms that sum to <paramref name="magnitude"/> in absolute value: n u sum|terms| to first
    /// order, whatever the order of summation (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 4.2).</summary>
    public static double Chain(double n, double magnitude) => (n * UnitRoundoff * magnitude) + Underflow;

    /// <summary>
    /// A sum on tensor cores over factors that are taken as rounded. Products are exact; additions line terms up with the largest and cut
    /// what falls off behind a few more bits than fp32 has (Fasi, Higham, Mikaitis, Pranesh, Numerical behavior of NVIDIA tensor cores, PeerJ CS 7, 2021):
    /// an addition errs by up to 2 u of the largest term instead of u, once for the term and once for the sum.
    /// </summary>
    public static double TensorChain(double n, double magnitude) => Chain(4 * (n + 1), magnitude);

    /// <summary>
    /// Relative error of rounding a factor in a mode, the unit roundoff of its significand: 11 bits in tf32 and fp16, 8 in bf16; fp32's factors are exact.
    /// </summary>
    public static double FactorRoundoff(ComputeMode mode) => mode switch
    {
        ComputeMode.Tf32 or ComputeMode.Fp16 => 1.0 / (1 << 11),
        ComputeMode.Bf16 => 1.0 / (1 << 8),
        _ => 0,
    };

    /// <summary>
    /// The cells' tanh and sigmoid. bf16 and fp16 may take the hardware's tanh, relative error 2^-11 (PTX ISA, tanh.approx.f32), the sigmoid from
    /// it with half as much.
    /// </summary>
    public static double CellFunction(ComputeMode mode, double result) =>
        Elementary(result) + (mode is ComputeMode.Bf16 or ComputeMode.Fp16 ? 1.0 / (1 << 11) : 0);

    /// <summary>An elementary function's result.</summary>
    public static double Elementary(double result) => Chain(2 * ElementaryUlps, Math.Abs(result));

    /// <summary>
    /// A long chain's likely error: roundings are independent, so n of them add up like a random walk, lambda sqrt(n) u with lambda = 4
    /// exceeded with probability 2 exp(-lambda²/2) = 7e-4 for a term at a time, far less for all (Higham and Mary, A new approach to
    /// probabilistic rounding error analysis, SIAM J. Sci. Comput. 41, 2019). For results that pass through many chains one after
    /// another, whose worst cases never meet; single products are held to their exact bits elsewhere.
    /// </summary>
    public static double LikelyChain(double n, double magnitude) => Chain(4 * Math.Sqrt(n), magnitude);

    /// <summary>
    /// States and gates of a recurrence, absolute. A step's pre-activation is a chain over H terms of weights about 1/sqrt(H) and states up
    /// to 1, whose partial sums stay within 3 like the pre-activations themselves; gates and states have slopes of at most 1 in it, plus
    /// their own <see cref="ElementaryUlps"/>. Errors of earlier steps come through R and the gates, which damp them: twice a
    /// step's own covers the sum. A gate in the wrong place differs by 0.1, ten thousand times as much.
    /// Against a reference that rounds factors as the mode does, single states still round the other way where they differ in their last bits: each by
    /// twice <see cref="FactorRoundoff"/> times a weight of 1/sqrt(H), some of H of them.
    /// </summary>
    public static double RecurrentForward(int hidden, ComputeMode mode = ComputeMode.Fp32) =>
        2 * (LikelyChain(hidden, 3) + CellFunction(mode, 1) + (2 * FactorRoundoff(mode)));

    /// <summary>
    /// Gradients of a recurrence, relative to the largest: chains over the G*H rows of R a step, on top of the forward pass's error, which
    /// enters twice (slopes of the gates, and states as factors).
    /// </summary>
    public static double RecurrentBackward(int rows, ComputeMode mode = ComputeMode.Fp32) => 2 * RecurrentForward(rows, mode);

    /// <summary>
    /// States and outputs of a scan, absolute, for states up to <paramref name="largest"/>. A step takes up to four elementary functions with slopes of at most 1
    /// in states and candidates, and some eight roundings; a gate damps the errors of earlier steps by a half on average, and twice a step's own covers
    /// the sum. A gate in the wrong place differs by 0.1.
    /// </summary>
    public static double ScanForward(double largest) => 2 * ((4 * Elementary(largest)) + Chain(8, largest));

    /// <summary>Gradients of a scan, absolute, for gradients up to <paramref name="largest"/>: on top, the forward pass's error enters as a factor twice.</summary>
    public static double ScanBackward(double largest) => 3 * ScanForward(largest);

    /// <summary>
    /// Outputs and states of a stack, absolute: <see cref="RecurrentForward"/> with the input product's terms in the chain, layer after
    /// layer, each passing the errors of the one below on with slopes of at most about 1.
    /// </summary>
    public static double StackForward(StackReference stack) => stack.Layers * RecurrentForward(stack.Hidden + stack.InputOf(stack.Layers - 1));

    /// <summary>
    /// Gradients of a stack, relative to the largest: <see cref="RecurrentBackward"/> layer after layer, and the chain over T*B rows of the
    /// parameters' gradients.
    /// </summary>
    public static double StackGradient(StackReference stack) =>
        (stack.Layers * RecurrentBackward((Layouts.Gates(stack.Cell) * stack.Hidden) + stack.Input)) + LikelyChain(stack.Steps * stack.Batch, 1);
}
