// The elementwise kernels from their committed PTX (module, names, sizes) through the driver: the whole chain.
#include "driver.h"

#include "rnn_abi.h"

#include <cmath>

namespace tests {

namespace {

constexpr const char* file = "elementwise";

std::vector<float> values(std::size_t n, u64 seed, float low = -3, float high = 3)
{
    std::vector<float> x(n);
    Numbers numbers(seed);
    for (float& v : x) { v = numbers.uniform(low, high); }
    return x;
}

bool close(float a, double b) { return std::fabs(a - b) <= 1e-6 * (1 + std::fabs(b)); }

}  // namespace

TEST(elementwise_fill)
{
    Session session;
    Kernel kernel(file, "fill_f32");
    Buffer<float> y(1001);
    CHECK_OK(kernel.launch(2, 256, rnn::FillParams{y.address(), 1001, 2.5f, 0}));
    CHECK(y.read() == std::vector<float>(1001, 2.5f));
}

TEST(elementwise_unary_and_gradient)
{
    using rnn::UnaryOp;
    Session session;
    Kernel forward(file, "unary_f32"), backward(file, "unary_backward_f32");
    const float p = 0.7f;
    for (int op = 0; op < (int)UnaryOp::Count; op++)
    {
        bool positive = op == (int)UnaryOp::Log || op == (int)UnaryOp::Sqrt;
        std::vector<float> xs = values(777, 5 + (u64)op, positive ? 0.1f : -3, 3), dys = values(777, 99), olds = values(777, 100);
        Buffer<float> x(xs), y(777), dy(dys), dx(olds);
        CHECK_OK(forward.launch(2, 256, rnn::UnaryParams{x.address(), y.address(), 777, op, p}));
        CHECK_OK(backward.launch(2, 256, rnn::UnaryBackwardParams{x.address(), y.address(), dy.address(), dx.address(), 777, op, p, 1, 0}));
        std::vector<float> ys = y.read(), dxs = dx.read();
        u32 wrong = 0;
        for (u32 i = 0; i < 777; i++)
        {
            double v = xs[i], s = 1 / (1 + std::exp(-v)), t = std::tanh(v), right = 0, slope = 0;
            switch ((UnaryOp)op)
            {
                case UnaryOp::Negate: right = -v; slope = -1; break;
                case UnaryOp::Scale: right = p * v; slope = p; break;
                case UnaryOp::Shift: right = v + p; slope = 1; break;
                case UnaryOp::Sigmoid: right = s; slope = s * (1 - s); break;
                case UnaryOp::Tanh: right = t; slope = 1 - t * t; break;
                case UnaryOp::Relu: right = v > 0 ? v : 0; slope = v > 0; break;
                case UnaryOp::LeakyRelu: right = v > 0 ? v : p * v; slope = v > 0 ? 1 : p; break;
                case UnaryOp::Step: right = v > 0; slope = 0; break;
                case UnaryOp::Exp: right = std::exp(v); slope = right; break;
                case UnaryOp::Log: right = std::log(v); slope = 1 / v; break;
                case UnaryOp::Sqrt: right = std::sqrt(v); slope = 0.5 / right; break;
                case UnaryOp::Square: right = v * v; slope = 2 * v; break;
                case UnaryOp::Abs: right = std::fabs(v); slope = v > 0 ? 1 : v < 0 ? -1 : 0; break;
                default: right = std::fmin(std::fmax(v, -p), p); slope = std::fabs(v) > p ? 0 : 1; break;
            }
            wrong += !close(ys[i], right) || !close(dxs[i], olds[i] + dys[i] * slope);
        }
        if (wrong != 0) { fail(__FILE__, __LINE__, "unary function " + std::to_string(op) + ": " + std::to_string(wrong) + " wrong"); }
    }
}

TEST(elementwise_binary_and_periods)
{
    using rnn::BinaryOp;
    Session session;
    Kernel kernel(file, "binary_f32");
    std::vector<float> as = values(600, 1), bs = values(20, 2);
    bs[3] = NAN;
    Buffer<float> a(as), b(bs), y(600);
    for (int op = 0; op < (int)BinaryOp::Count; op++)
    {
        CHECK_OK(kernel.launch(3, 256, rnn::BinaryParams{a.address(), b.address(), y.address(), 600, 600, 20, op, 0}));
        std::vector<float> got = y.read();
        u32 wrong = 0;
        for (u32 i = 0; i < 600; i++)
        {
            float u = as[i], v = bs[i % 20];
            float right = op == 0 ? u + v : op == 1 ? u - v : op == 2 ? u * v : op == 3 ? u / v : op == 4 ? std::max(u, v) : std::min(u, v);
            wrong += std::isnan(v) ? !std::isnan(got[i]) : got[i] != right;
        }
        CHECK(wrong == 0);
    }
}

TEST(elementwise_add_scaled)
{
    Session session;
    Kernel kernel(file, "add_scaled_f32");
    std::vector<float> xs = values(300, 3), ys = values(300, 4);
    Buffer<float> x(xs), y(ys), fresh(300);
    CHECK_OK(kernel.launch(1, 256, rnn::AddScaledParams{x.address(), y.address(), 300, 0.5f, -2.0f}));
    CHECK_OK(kernel.launch(1, 256, rnn::AddScaledParams{x.address(), fresh.address(), 300, 3.0f, 0.0f}));  // old values are NaN: not read
    std::vector<float> sum = y.read(), scaled = fresh.read();
    for (u32 i = 0; i < 300; i++)
    {
        CHECK(sum[i] == std::fma(0.5f, xs[i], -2.0f * ys[i]));
        CHECK(scaled[i] == 3.0f * xs[i]);
    }
}

}  // namespace tests
