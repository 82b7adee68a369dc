using RnnGpu.Core;

namespace RnnGpu.Tasks.Forecast;

/// <summary>Series to try: a noisy cosine, and the Lorenz system.</summary>
public static class MadeSeries
{
    /// <summary>Largest Lyapunov exponent of the Lorenz system with the classic parameters, a unit of time.</summary>
    public const double LorenzExponent = 0.906;

    /// <summary>cos(2 pi t / period) with a little noise, column <c>value</c>.</summary>
    public static SeriesTable Cosine(int steps, double period, double noise, ulong seed)
    {
        var random = new PhiloxStream(new RandomKey(seed, 0, 0x434F_5349));
        var values = new double[steps];
        for (int t = 0; t < steps; t++) { values[t] = Math.Cos(2 * Math.PI * t / period) + (noise * random.NextNormal()); }
        return Table("cosine", [new SeriesColumn("value", values, null)], steps);
    }

    /// <summary>
    /// The Lorenz system (Lorenz 1963: sigma 10, rho 28, beta 8/3) by the classic Runge-Kutta method in steps of
    /// <paramref name="dt"/> / 10, columns <c>x</c>, <c>y</c>, <c>z</c>; the first 20 units of time, before the attractor, are left out.
    /// </summary>
    public static SeriesTable Lorenz(int steps, double dt, ulong seed)
    {
        var random = new PhiloxStream(new RandomKey(seed, 0, 0x4C4F_5245));
        (double X, double Y, double Z) s = (1 + random.NextNormal(), 1 + random.NextNormal(), 20 + random.NextNormal());
        double[] x = new double[steps], y = new double[steps], z = new double[steps];
        int transient = (int)Math.Ceiling(20 / dt);
        for (int t = -transient; t < steps; t++)
        {
            if (t >= 0) { (x[t], y[t], z[t]) = s; }
            s = LorenzStep(s, dt, parts: 10);
        }

        return Table("lorenz", [new("x", x, null), new("y", y, null), new("z", z, null)], steps);
    }

    /// <summary>The state dt later, in a number of Runge-Kutta steps.</summary>
    internal static (double X, double Y, double Z) LorenzStep((double X, double Y, double Z) s, double dt, int parts)
    {
        for (int i = 0; i < parts; i++) { s = RungeKutta(s, dt / parts); }
        return s;
    }

    private static (double X, double Y, double Z) RungeKutta((double X, double Y, double Z) s, double h)
    {
        (double X, double Y, double Z) a = Slope(s), b = Slope(Add(s, a, h / 2)), c = Slope(Add(s, b, h / 2)), d = Slope(Add(s, c, h));
        return (s.X + (h / 6 * (a.X + (2 * b.X) + (2 * c.X) + d.X)), s.Y + (h / 6 * (a.Y + (2 * b.Y) + (2 * c.Y) + d.Y)),
            s.Z + (h / 6 * (a.Z + (2 * b.Z) + (2 * c.Z) + d.Z)));
    }

    private static (double X, double Y, double Z) Slope((double X, double Y, double Z) s) =>
        (10 * (s.Y - s.X), (s.X * (28 - s.Z)) - s.Y, (s.X * s.Y) - (8.0 / 3 * s.Z));

    private static (double X, double Y, double Z) Add((double X, double Y, double Z) s, (double X, double Y, double Z) k, double h) =>
        (s.X + (h * k.X), s.Y + (h * k.Y), s.Z + (h * k.Z));

    private static SeriesTable Table(string name, SeriesColumn[] columns, int steps) => new(name, columns, [.. Enumerable.Range(1, steps).Select(t => $"{name}:{t}")]);
}
