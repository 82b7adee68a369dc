using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    /// <summary>Dropout site 0 of a plan lies between layers 0 and 1.</summary>
    private static readonly RandomKey PlanKey = new(7, 1, 40);

    /// <summary>Other ways to cut the same plan: chunks, and spans that are recomputed, that do and do not divide the steps.</summary>
    private static readonly (int? Chunk, int? Span)[] Cuts = [(2, null), (1, 2), (3, 4), (null, 1), (4, 5)];

    public static TheoryData<CellKind, int, bool> Stacks()
    {
        var data = new TheoryData<CellKind, int, bool>();
        foreach (CellKind cell in Enum.GetValues<CellKind>())
        {
            for (int layers = 1; layers <= 3; layers++)
            {
                data.Add(cell, layers, false);
                data.Add(cell, layers, true);
            }
        }

        return data;
    }

    /// <summary>Lengths x states x resets of one stack, and one with dropout besides.</summary>
    private static IEnumerable<StackCase> CasesOf(CellKind cell, int layers, bool bidirectional)
    {
        foreach (StackCase c in StackCase.Matrix())
        {
            if (c.Cell == cell && c.Layers == layers && c.Bidirectional == bidirectional) { yield return c; }
        }

        yield return new StackCase(cell, layers, bidirectional, Lengths: true, States: true, Resets: true, Dropout: 0.3f)
        {
            DropoutKey = static layer => PlanKey with { Site = PlanKey.Site + (uint)layer - 1 },
        };
    }

    [ContractTheory]
    [MemberData(nameof(Stacks))]
    public void Plans_equal_the_reference_and_recompute_to_the_same_bits(CellKind cell, int layers, bool bidirectional)
    {
        foreach (StackCase c in CasesOf(cell, layers, bidirectional))
        {
            StackProblem problem = c.Make();
            var use = new PlanUse { Dropout = c.Dropout, DropoutKey = PlanKey };
            using var plain = new PlanRun(Backend, problem, use, c.ToString());
            Assert.False(plain.Plan.Recomputes);
            plain.Backward();
            CheckAgainstReference(plain, problem);
            foreach ((int? chunk, int? span) in Cuts)
            {
                using var cut = new PlanRun(Backend, problem, use with { Chunk = chunk, Span = span }, c.ToString());
                Assert.Equal(span is not null, cut.Plan.Recomputes);
                cut.Backward();
                CheckSameBits(plain, cut);
            }
        }
    }

    /// <summary>Widths around SIMD registers and tiles, in more steps than a chunk.</summary>
    [ContractTheory]
    [InlineData(CellKind.ElmanTanh, 65, 33)]
    [InlineData(CellKind.Lstm, 17, 64)]
    [InlineData(CellKind.Lstm, 100, 65)]
    [InlineData(CellKind.GruResetAfter, 64, 63)]
    [InlineData(CellKind.GruResetBefore, 7, 65)]
    public void Wide_plans_equal_the_reference_and_recompute_to_the_same_bits(CellKind cell, int input, int hidden)
    {
        foreach (bool bidirectional in (ReadOnlySpan<bool>)[false, true])
        {
            var c = new StackCase(cell, 2, bidirectional, Lengths: true, States: true, Resets: true) { Input = input, Hidden = hidden, Steps = 7, Batch = 5 };
            StackProblem problem = c.Make();
            using var plain = new PlanRun(Backend, problem, new PlanUse(), c.ToString());
            using var cut = new PlanRun(Backend, problem, new PlanUse { Chunk = 2, Span = 3 }, c.ToString());
            plain.Backward();
            cut.Backward();
            CheckAgainstReference(plain, problem);
            CheckSameBits(plain, cut);
        }
    }

    private static void CheckAgainstReference(PlanRun run, StackProblem problem)
    {
        StackReference stack = problem.Stack;
        StackOutput output = stack.Forward(problem.Input);
        StackGradients gradients = stack.Backward(problem.Input, output, problem.LossY, problem.LossH, problem.LossC);
        bool cells = Layouts.HasCellState(stack.Cell);
        double forward = Tolerances.StackForward(stack);
        Compare.Near($"{run}: y", output.Y, run.Y, forward);
        Compare.Near($"{run}: hT", output.LastH, run.LastH, forward);
        if (cells) { Compare.Near($"{run}: cT", output.LastC, run.LastC, forward); }
        NearLargest("dx", gradients.X, run.Dx);
        NearLargest("dh0", gradients.H0, run.Dh0);
        if (cells) { NearLargest("dc0", gradients.C0, run.Dc0); }
        for (int i = 0; i < stack.Parameters.Length; i++)
        {
            for (int p = 0; p < 4; p++)
            {
                (string kind, double[] values) = gradients.Parameters[i].All[p];
                double[] sum = [.. values.Zip(run.OldGradient(i, p), (d, old) => d + old)];
                NearLargest($"gradient of {kind} {i}", sum, run.Gradients[(4 * i) + p]);
            }
        }

        void NearLargest(string what, double[] expected, float[] actual) => Compare.Near(
            $"{run}: {what}", expected, actual, Tolerances.StackGradient(stack) * Math.Max(1, Compare.Largest(expected)));
    }

    private static void CheckSameBits(PlanRun expected, PlanRun actual)
    {
        Compare.Bits($"{actual}: y", expected.Y, actual.Y);
        Compare.Bits($"{actual}: hT", expected.LastH, actual.LastH);
        Compare.Bits($"{actual}: cT", expected.LastC, actual.LastC);
        Compare.Bits($"{actual}: dx", expected.Dx, actual.Dx);
        Compare.Bits($"{actual}: dh0", expected.Dh0, actual.Dh0);
        Compare.Bits($"{actual}: dc0", expected.Dc0, actual.Dc0);
        for (int i = 0; i < expected.Gradients.Length; i++) { Compare.Bits($"{actual}: gradient {i}", expected.Gradients[i], actual.Gradients[i]); }
    }

    [ContractTheory]
    [MemberData(nameof(Stacks))]
    public void Plans_for_inference_and_with_parts_left_out_give_the_same_bits(CellKind cell, int layers, bool bidirectional)
    {
        StackProblem problem = new StackCase(cell, layers, bidirectional, Lengths: true, States: true, Resets: true).Make();
        string context = $"{Layouts.Name(cell)}, {layers} layers{(bidirectional ? ", bidirectional" : "")}";
        using var full = new PlanRun(Backend, problem, new PlanUse(), context);
        using var inference = new PlanRun(Backend, problem, new PlanUse { Training = false, Dropout = 0.5f, Chunk = 4 }, context);
        using var inPlace = new PlanRun(Backend, problem, new PlanUse { Training = false, StatesInPlace = true, Chunk = 1 }, context);
        foreach (PlanRun run in (ReadOnlySpan<PlanRun>)[inference, inPlace])
        {
            Assert.Equal(0, run.Plan.ReserveBytes);
            Compare.Bits($"{run}: y", full.Y, run.Y);
            Compare.Bits($"{run}: hT", full.LastH, run.LastH);
            Compare.Bits($"{run}: cT", full.LastC, run.LastC);
        }

        full.Backward();
        using var noParameters = new PlanRun(Backend, problem, new PlanUse { WithParameterGradients = false }, context);
        noParameters.Backward();
        Compare.Bits($"{noParameters}: dx", full.Dx, noParameters.Dx);
        Compare.Bits($"{noParameters}: dh0", full.Dh0, noParameters.Dh0);
        using var noInputs = new PlanRun(Backend, problem, new PlanUse { WithInputGradient = false, Span = 3 }, context);
        noInputs.Backward();
        for (int i = 0; i < full.Gradients.Length; i++) { Compare.Bits($"{noInputs}: gradient {i}", full.Gradients[i], noInputs.Gradients[i]); }

        // A loss on the last states only, and one on the outputs only: against the reference with the other part 0.
        StackProblem states = problem with { LossY = new double[problem.LossY.Length] };
        StackProblem outputs = problem with { LossH = new double[problem.LossH.Length], LossC = new double[problem.LossC.Length] };
        CheckPart(states, full, new PlanUse { WithOutputs = false, Span = 2 });
        CheckPart(outputs, full, new PlanUse { WithLastStates = false });

        void CheckPart(StackProblem part, PlanRun whole, PlanUse use)
        {
            using var run = new PlanRun(Backend, part, use, context);
            run.Backward();
            StackGradients expected = part.Stack.Backward(part.Input, part.Stack.Forward(part.Input), part.LossY, part.LossH, part.LossC);
            double tolerance = Tolerances.StackGradient(part.Stack) * Math.Max(1, Compare.Largest(expected.X));
            Compare.Near($"{run}: dx", expected.X, run.Dx, tolerance);
            if (use.WithOutputs) { Compare.Bits($"{run}: y", whole.Y, run.Y); }
            if (use.WithLastStates) { Compare.Bits($"{run}: hT", whole.LastH, run.LastH); }
        }
    }

    [ContractFact]
    public void Plans_keep_within_their_budget()
    {
        StackProblem problem = new StackCase(CellKind.Lstm, 2, false, Lengths: true, States: true, Resets: true) { Hidden = 17, Steps = 300, Batch = 4 }.Make();
        using var plain = new PlanRun(Backend, problem, new PlanUse { Chunk = 4 }, "no budget");
        plain.Backward();
        long budget = plain.Plan.PlannedBytes / 2;
        using var bounded = new PlanRun(Backend, problem, new PlanUse { Budget = budget, Chunk = 4 }, $"budget {budget}");
        Assert.True(bounded.Plan.Recomputes);
        Assert.InRange(bounded.Plan.PlannedBytes, 1, budget);
        bounded.Backward();
        CheckSameBits(plain, bounded);
        var refusal = Assert.Throws<PlanDoesNotFitException>(() => new PlanRun(Backend, problem, new PlanUse { Budget = 1000 }, "too little").Dispose());
        Assert.InRange(refusal.LeastBytes, 1001, plain.Plan.PlannedBytes);
    }

    [ContractFact]
    public void Plans_explain_every_byte()
    {
        StackProblem problem = new StackCase(CellKind.GruResetAfter, 2, true, Lengths: true, States: true, Resets: false).Make();
        foreach (int? span in (ReadOnlySpan<int?>)[null, 2])
        {
            using var run = new PlanRun(Backend, problem, new PlanUse { Span = span }, "explained");
            RnnPlanExplanation explanation = run.Plan.Explain();
            Assert.Equal(run.Plan.PlannedBytes, explanation.PlannedBytes);
            Assert.Equal(run.Plan.PlannedBytes, explanation.Sections.Sum(section => section.Bytes));
            Assert.Equal(run.Plan.PlannedBytes, run.Plan.ReserveBytes + run.Plan.WorkspaceBytes + run.Plan.PackedBytes);
            using var json = System.Text.Json.JsonDocument.Parse(explanation.ToJson());
            Assert.Equal(run.Plan.PlannedBytes, json.RootElement.GetProperty("planned_bytes").GetInt64());
            Assert.Equal(span is not null, json.RootElement.GetProperty("recomputes").GetBoolean());
            Assert.Contains($"{run.Plan.PlannedBytes:N0}", explanation.ToString());
        }
    }

    [ContractFact]
    public void Plans_refuse_what_does_not_fit()
    {
        StackProblem problem = new StackCase(CellKind.Lstm, 1, false, Lengths: false, States: false, Resets: false).Make();
        using var inference = new PlanRun(Backend, problem, new PlanUse { Training = false }, "inference");
        Assert.Throws<ArgumentException>(inference.Backward);

        var spec = new RnnSpec { Cell = CellKind.Lstm, InputSize = 3, HiddenSize = 5 };
        var options = new RnnPlanOptions { Batch = 4, Steps = 6 };
        Assert.ThrowsAny<ArgumentException>(() => RnnPlan.Create(Backend, spec with { HiddenSize = 0 }, options));
        Assert.ThrowsAny<ArgumentException>(() => RnnPlan.Create(Backend, spec with { Layers = 0 }, options));
        Assert.ThrowsAny<ArgumentException>(() => RnnPlan.Create(Backend, spec with { Dropout = 1 }, options));
        Assert.ThrowsAny<ArgumentException>(() => RnnPlan.Create(Backend, spec, options with { Batch = 0 }));
        Assert.ThrowsAny<ArgumentException>(() => RnnPlan.Create(Backend, spec, options with { Steps = -1 }));

        using var tensors = new GuardedTensors(Backend);
        RnnPlan plan = RnnPlan.Create(Backend, spec, options);
        TensorView x = tensors.Source("x", new float[72], 6, 4, 3).View;
        var noWeights = Assert.Throws<InvalidOperationException>(() => plan.Forward(new RnnForwardCall { X = x }));
        Assert.Contains("Pack", noWeights.Message);

        TensorView Zeros(params ReadOnlySpan<int> shape) => tensors.Source("zeros", new float[new Shape(shape).Length], shape).View;
        MemoryRegion Region(long bytes) => new(Backend.Allocate(bytes));
        var weights = new RnnLayerTensors(Zeros(20, 3), Zeros(20, 5), Zeros(20), Zeros(20));
        MemoryRegion packed = Region(plan.PackedBytes), workspace = Region(plan.WorkspaceBytes), small = Region(plan.WorkspaceBytes - 64);
        using IDeviceBuffer? first = packed.Buffer, second = workspace.Buffer, third = small.Buffer;
        var call = new RnnForwardCall { X = x, Workspace = workspace };
        Assert.Throws<ArgumentException>(() => plan.Pack([weights, weights], packed));
        Assert.Throws<ArgumentException>(() => plan.Pack([weights with { WeightHh = Zeros(15, 5) }], packed));
        plan.Pack([weights], packed);
        Assert.Throws<ArgumentException>(() => plan.Forward(call with { X = Zeros(5, 4, 3) }));
        Assert.Throws<ArgumentException>(() => plan.Forward(call with { Lengths = Zeros(4) }));
        Assert.Throws<ArgumentException>(() => plan.Forward(call with { H0 = Zeros(1, 3, 5) }));
        Assert.Throws<ArgumentException>(() => plan.Forward(call with { Workspace = small }));
        tensors.Check("refused plans");
    }

    [ContractFact]
    public void Plans_equal_the_golden_values_of_pytorch()
    {
        foreach (GoldenCase golden in GoldenFile.Cases)
        {
            StackProblem problem = golden.Make();
            using var run = new PlanRun(Backend, problem, new PlanUse { Chunk = 3 }, golden.ToString());
            run.Backward();
            Near("y", golden["y"], run.Y, Tolerances.StackForward(problem.Stack));
            Near("h", golden["h"], run.LastH, Tolerances.StackForward(problem.Stack));
            if (Layouts.HasCellState(golden.Cell)) { Near("c", golden["c"], run.LastC, Tolerances.StackForward(problem.Stack)); }
            Near("dx", golden["dx"], run.Dx, Tolerances.StackGradient(problem.Stack));
            if (golden.HasStates) { Near("dh0", golden["dh0"], run.Dh0, Tolerances.StackGradient(problem.Stack)); }
            if (golden["dc0"] is double[] dc0) { Near("dc0", dc0, run.Dc0, Tolerances.StackGradient(problem.Stack)); }
            for (int i = 0; i < problem.Stack.Parameters.Length; i++)
            {
                for (int p = 0; p < 4; p++)
                {
                    string kind = problem.Stack.Parameters[i].All[p].Kind;
                    string name = Layouts.ParameterName(kind, i / problem.Stack.Directions, i % problem.Stack.Directions == 1);
                    double[] sum = [.. golden.ParameterGradient(name).Zip(run.OldGradient(i, p), (d, old) => d + old)];
                    Near(name, sum, run.Gradients[(4 * i) + p], Tolerances.StackGradient(problem.Stack));
                }
            }

            void Near(string name, double[]? expected, float[] actual, double tolerance)
            {
                Assert.NotNull(expected);
                Compare.Near($"{golden}: {name} of PyTorch", expected, actual, tolerance * Math.Max(1, Compare.Largest(expected)));
            }
        }
    }
}
