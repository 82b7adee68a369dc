using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// ARIMA(p, d, q) of one series, with a constant (Box and Jenkins 1970), by the method of Hannan and Rissanen (1982): a long autoregression
/// gives the innovations e, then least squares over p past values and q past innovations of the d-times differenced series w:
/// <code>w_t = c + phi_1 w_(t-1) + ... + phi_p w_(t-p) + theta_1 e_(t-1) + ... + theta_q e_(t-q) + e_t</code>
/// With d = q = 0 it is the autoregression AR(p). Orders are chosen by AIC, n ln(S/n) + 2 (p + q + 1).
/// </summary>
internal sealed class AutoRegression
{
    private const int MaxP = 24, MaxArmaP = 4, MaxQ = 3, MaxD = 1;

    private readonly double _constant;
    private readonly double[] _phi, _theta;
    private readonly int _d;

    private AutoRegression(int d, int p, int q, double[] weights)
    {
        _d = d;
        _constant = weights[0];
        _phi = weights[1..(p + 1)];
        _theta = weights[(p + 1)..(p + q + 1)];
    }

    /// <summary>Orders, for people.</summary>
    public string Name => _d == 0 && _theta.Length == 0 ? $"AR({_phi.Length})" : $"ARIMA({_phi.Length},{_d},{_theta.Length})";

    /// <summary>AR(p), p by AIC.</summary>
    /// <param name="series">The training rows, in order, none missing.</param>
    public static AutoRegression FitAr(double[] series)
    {
        var best = new AutoRegression(0, 0, 0, [series.Average()]);
        double least = double.PositiveInfinity;
        int largest = Math.Clamp(series.Length / 10, 1, MaxP);
        for (int p = 1; p <= largest; p++)
        {
            // The same rows for every order, so that AIC compares equals.
            (double[] weights, double aic) = Fit(series, new double[series.Length], p, 0, first: largest);
            if (aic < least) { (least, best) = (aic, new AutoRegression(0, p, 0, weights)); }
        }

        return best;
    }

    /// <summary>ARIMA(p, d, q): of p to 4, d to 1, q to 3, the best by AIC.</summary>
    /// <inheritdoc cref="FitAr"/>
    public static AutoRegression FitArima(double[] series)
    {
        var best = new AutoRegression(0, 0, 0, [series.Average()]);
        double least = double.PositiveInfinity;
        for (int d = 0; d <= MaxD; d++)
        {
            double[] w = Differenced(series, d);
            int lags = Math.Clamp(w.Length / 10, 1, MaxP);

            // The same rows of the undifferenced series for every order.
            int first = lags + MaxQ + MaxD - d;
            double[] e = Innovations(w, Fit(w, new double[w.Length], lags, 0, lags).Weights, lags, 0);
            for (int p = 0; p <= MaxArmaP; p++)
            {
                for (int q = 0; q <= MaxQ; q++)
                {
                    if (p + q == 0 && d == 0) { continue; }
                    (double[] weights, double aic) = Fit(w, e, p, q, first);
                    if (aic < least) { (least, best) = (aic, new AutoRegression(d, p, q, weights)); }
                }
            }
        }

        return best;
    }

    /// <summary>Forecasts of rows t, t+1, ... made from what stands before t, for every t: <c>[rows][horizon]</c>, empty where too little does.</summary>
    public double[][] Forecast(double[] series, int horizon)
    {
        double[] w = Differenced(series, _d), e = Innovations(w, [_constant, .. _phi, .. _theta], _phi.Length, _theta.Length);
        var forecasts = new double[series.Length][];
        var ahead = new double[horizon];
        for (int t = 0; t < series.Length; t++)
        {
            int at = t - _d;
            if (at < _phi.Length || t < 1)
            {
                forecasts[t] = [];
                continue;
            }

            double level = series[t - 1];
            var row = new double[horizon];
            for (int h = 0; h < horizon; h++)
            {
                double value = _constant;
                for (int k = 1; k <= _phi.Length; k++) { value += _phi[k - 1] * (h - k >= 0 ? ahead[h - k] : w[at + h - k]); }
                for (int k = h + 1; k <= _theta.Length; k++) { value += at + h - k >= 0 ? _theta[k - 1] * e[at + h - k] : 0; }
                ahead[h] = value;
                level += value;
                row[h] = _d == 0 ? value : level;
            }

            forecasts[t] = row;
        }

        return forecasts;
    }

    /// <summary>For a checkpoint.</summary>
    public JsonObject ToJson() => new()
    {
        ["d"] = _d,
        ["constant"] = CheckpointSection.Number(_constant),
        ["phi"] = new JsonArray([.. _phi.Select(static weight => CheckpointSection.Number(weight))]),
        ["theta"] = new JsonArray([.. _theta.Select(static weight => CheckpointSection.Number(weight))]),
    };

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">Malformed.</exception>
    public static AutoRegression Read(CheckpointSection section)
    {
        double[] phi = section.Doubles("phi"), theta = section.Doubles("theta");
        int d = section.Int32("d");
        return d is >= 0 and <= MaxD && phi.Length <= MaxP && theta.Length <= MaxQ
            ? new AutoRegression(d, phi.Length, theta.Length, [section.Double("constant"), .. phi, .. theta])
            : throw section.Bad("phi", "an ARIMA model of this program");
    }

    private static double[] Differenced(double[] series, int times)
    {
        if (times == 0) { return series; }
        var w = new double[series.Length - 1];
        for (int i = 0; i < w.Length; i++) { w[i] = series[i + 1] - series[i]; }
        return Differenced(w, times - 1);
    }

    private static (double[] Weights, double Aic) Fit(double[] w, double[] e, int p, int q, int first)
    {
        int start = Math.Max(first, Math.Max(p, q)), rows = w.Length - start, count = p + q + 1;
        if (rows < 2 * count) { return (new double[count], double.PositiveInfinity); }
        double[][] a = new double[rows][];
        for (int i = 0; i < rows; i++) { a[i] = Regressors(w, e, start + i, p, q); }
        double[] weights = LeastSquares.Solve(a, w[start..]);

        // The innovations as forecasting will find them: moving averages that cannot be inverted grow without bound and lose.
        double[] found = Innovations(w, weights, p, q);
        double sum = 0;
        for (int t = start; t < w.Length; t++) { sum += found[t] * found[t]; }
        double aic = (rows * Math.Log(Math.Max(sum / rows, 1e-300))) + (2 * count);
        return (weights, double.IsNaN(aic) ? double.PositiveInfinity : aic);
    }

    private static double[] Regressors(double[] w, double[] e, int t, int p, int q)
    {
        var row = new double[p + q + 1];
        row[0] = 1;
        for (int k = 1; k <= p; k++) { row[k] = w[t - k]; }
        for (int k = 1; k <= q; k++) { row[p + k] = e[t - k]; }
        return row;
    }

    private static double[] Innovations(double[] w, double[] weights, int p, int q)
    {
        var e = new double[w.Length];
        for (int t = Math.Max(p, q); t < w.Length; t++)
        {
            double value = weights[0];
            for (int k = 1; k <= p; k++) { value += weights[k] * w[t - k]; }
            for (int k = 1; k <= q; k++) { value += weights[p + k] * e[t - k]; }
            e[t] = w[t] - value;
        }

        return e;
    }
}
