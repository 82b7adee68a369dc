using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Fills a parameter before training. The numbers come from the Philox stream of the device's seed and the parameter's index,
/// so they do not depend on what was initialised before.
/// </summary>
public abstract class Initializer
{
    /// <summary>The site of initialisation among a seed's streams, apart from those that <see cref="Device.NextSites"/> hands out.</summary>
    private const uint Site = uint.MaxValue;

    /// <summary>Fills the whole parameter.</summary>
    public void Apply(Parameter parameter) => Apply(parameter, blocks: 1);

    /// <summary>
    /// Fills a parameter whose first axis stacks several matrices (the gates of a recurrent layer), each as one of its own.
    /// </summary>
    /// <exception cref="ArgumentException">A first axis that does not divide.</exception>
    public void Apply(Parameter parameter, int blocks)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blocks);
        Shape shape = parameter.Shape;
        if (blocks > 1)
        {
            if (shape.Rank == 0 || shape[0] % blocks != 0)
            {
                throw new ArgumentException($"parameter {parameter} does not divide into {blocks} blocks along its first axis");
            }

            shape = shape.With(0, shape[0] / blocks);
        }

        var values = new float[parameter.Shape.Length];
        var random = new PhiloxStream(new RandomKey(parameter.Device.Seed, parameter.Index, Site));
        int length = values.Length / blocks;
        for (int i = 0; i < blocks; i++) { Fill(values.AsSpan(i * length, length), shape, random); }
        parameter.Load(values);
    }

    /// <summary>Writes the values of one matrix or vector.</summary>
    /// <param name="values">Row-major, overwritten.</param>
    /// <param name="shape">Axes; <c>[outputs, inputs]</c> for a weight.</param>
    /// <param name="random">Source of numbers.</param>
    protected abstract void Fill(Span<float> values, Shape shape, PhiloxStream random);

    /// <summary>Inputs and outputs of one unit of a weight <c>[outputs, inputs]</c>; for a vector both are its length.</summary>
    protected static (double FanIn, double FanOut) Fans(Shape shape) => shape.Rank < 2
        ? (Math.Max(1, shape.Length), Math.Max(1, shape.Length))
        : (Math.Max(1, shape.Length / Math.Max(1, shape[0])), Math.Max(1, shape[0]));

    /// <summary>Uniform numbers within <paramref name="bound"/>.</summary>
    protected static void FillUniform(Span<float> values, double bound, PhiloxStream random)
    {
        for (int i = 0; i < values.Length; i++) { values[i] = (float)(bound * ((2.0 * random.NextFloat()) - 1.0)); }
    }

    /// <summary>Normal numbers with mean 0.</summary>
    protected static void FillNormal(Span<float> values, double deviation, PhiloxStream random)
    {
        for (int i = 0; i < values.Length; i++) { values[i] = (float)(deviation * random.NextNormal()); }
    }
}
