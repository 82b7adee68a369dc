using System.Text.Json;
using RnnGpu.Tests.Contract;

namespace RnnGpu.Tests.Training;

/// <summary>What PyTorch gave; see <c>tests/golden/make_training_golden.py</c>, whose formula <see cref="Values"/> repeats.</summary>
internal static class TrainingGolden
{
    private static readonly JsonElement Root = Load();

    /// <summary>Both parameters, a then b, after every update.</summary>
    public static double[][] Optimizer(string name) =>
        [.. Root.GetProperty("optimizers").GetProperty(name).EnumerateArray().Select(Numbers)];

    public static double[] Schedule(string name) => Numbers(Root.GetProperty("schedules").GetProperty(name));

    /// <summary>The recipe's numbers; exact in float.</summary>
    public static float[] Values(int tensor, int count, float scale)
    {
        var values = new float[count];
        for (long i = 0; i < count; i++)
        {
            values[i] = ((((31 * i * i) + (7919 * i) + (104729L * tensor) + 12345) % 2003) - 900) / 2048f * scale;
        }

        return values;
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(static value => value.GetDouble())];

    private static JsonElement Load()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "golden", "pytorch_training.json")));
        return document.RootElement.Clone();
    }
}
