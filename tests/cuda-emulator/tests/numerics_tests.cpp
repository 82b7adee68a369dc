// Conversions, elementary functions and random numbers against their definitions on the host; on a GPU too.
#include "driver.h"
#include "reference.h"
#include "test_params.h"

namespace tests {

using rnn::TestParams;

namespace {

constexpr const char* file = "intrinsics";

/// Floats of all kinds: random bits, ties, borders of the formats, special values.
std::vector<float> interestingFloats()
{
    std::vector<float> all = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1.0f, 65504.0f, 65519.0f, 65520.0f, 65536.0f, 3.38e38f, 3.4e38f, 1e-45f, 6e-8f, 2.98e-8f, 5.97e-8f};
    for (u32 bits : {0x38800000u, 0x387FFFFFu, 0x33000000u, 0x33000001u, 0x33800000u, 0x477FEFFFu, 0x477FF000u, 0x7F7FFFFFu, 0x7F800001u, 0xFFC00001u, 0x00800000u, 0x007FFFFFu})
    {
        all.push_back(asFloat(bits));
    }
    Numbers numbers(7);
    for (int i = 0; i < 20000; i++) { all.push_back(asFloat(numbers.bits())); }
    for (int i = 0; i < 20000; i++) { all.push_back(std::ldexp(numbers.uniform(-2, 2), (int)(numbers.bits() % 40) - 28)); }
    for (int i = 0; i < 4000; i++) { all.push_back(asFloat((numbers.bits() & 0xFFFF0000u) | 0x8000u)); }        // bf16's ties
    for (int i = 0; i < 4000; i++) { all.push_back(asFloat((numbers.bits() & 0xC7FFE000u) | 0x38001000u)); }    // fp16's and tf32's
    return all;
}

}  // namespace

TEST(conversions_round_to_nearest_even)
{
    Session session;
    Kernel kernel(file, "test_conversions");
    std::vector<float> x = interestingFloats();
    x.resize(65536, 1.0f);
    Buffer<float> in(x);
    Buffer<u32> out(5 * x.size());
    CHECK_OK(kernel.launch(8, 256, TestParams{in.address(), out.address(), 0, (i64)x.size(), 0, 0}));
    std::vector<u32> got = out.read();
    u32 wrong = 0;
    for (u32 i = 0; i < x.size(); i++)
    {
        u32 b = got[5 * i] & 0xFFFF, h = got[5 * i] >> 16, t = got[5 * i + 2];
        if (std::isnan(x[i])) { wrong += b != 0x7FFF || h != 0x7FFF || !std::isnan(asFloat(t)); }
        else
        {
            double bf = roundTo(x[i], 7, -126), tf = roundTo(x[i], 10, -126), hf = roundTo(x[i], 10, -14);
            wrong += asFloat(b << 16) != (float)(std::fabs(bf) > 3.4e38 ? std::copysign(INFINITY, bf) : bf) || (b >> 15) != (asBits(x[i]) >> 31);
            wrong += asFloat(t) != (float)(std::fabs(tf) >= std::ldexp(1.0, 128) ? std::copysign(INFINITY, tf) : tf);
            wrong += halfValue((u16)h) != (float)(std::fabs(hf) > 65504 ? std::copysign(INFINITY, hf) : hf) || (h >> 15) != (asBits(x[i]) >> 31);
        }
        wrong += got[5 * i + 1] != ((b | 0x4000u << 16) ^ (0x4200u | h << 16));
        float half = halfValue((u16)i), back = asFloat(got[5 * i + 3]);
        wrong += std::isnan(half) ? !std::isnan(back) : asBits(half) != asBits(back);
        wrong += got[5 * i + 4] != i << 16;
    }
    CHECK(wrong == 0);
}

TEST(math_functions)
{
    Session session;
    Kernel kernel(file, "test_math");
    std::vector<float> x = {0.0f, -0.0f, 1e-30f, -1e-30f, 0.625f, -0.625f, 88.5f, 88.8f, -87.2f, -104.0f, 30.0f, -30.0f};
    Numbers numbers(17);
    for (int i = 0; i < 20000; i++) { x.push_back(numbers.uniform(-20, 20)); }
    for (int i = 0; i < 5000; i++) { x.push_back(std::ldexp(numbers.uniform(-1, 1), (int)(numbers.bits() % 24) - 18)); }
    Buffer<float> in(x), out(11 * x.size());
    CHECK_OK(kernel.launch(8, 256, TestParams{in.address(), out.address(), 0, (i64)x.size(), 0, 0}));
    std::vector<float> got = out.read();
    double worst[9] = {};
    u32 wrong = 0;
    for (u32 i = 0; i < x.size(); i++)
    {
        double v = x[i], a = std::fabs(v);
        const float* g = got.data() + 11 * i;
        auto relative = [&](int k, double right) { if (right != 0 && std::isfinite((float)right)) { worst[k] = std::max(worst[k], std::fabs(g[k] - right) / std::fabs(right)); } };
        if (v > -87.3) { relative(0, std::exp(v)); }
        if (v > 88.75) { wrong += g[0] != INFINITY; }
        if (v < -87.4) { wrong += g[0] != 0; }
        if (a > 0 && std::fabs(std::log(a)) > 1e-3) { relative(1, std::log(a)); }
        if (a == 0) { wrong += g[1] != -INFINITY; }
        if (v > -87) { relative(2, 1 / (1 + std::exp(-v))); }
        relative(3, std::tanh(v));
        if (a > 0) { relative(4, 1 / std::sqrt(a)); }
        if (a < 20) { relative(5, std::exp(v)); }
        worst[6] = std::max(worst[6], std::fabs(g[6] - 1 / (1 + std::exp(-v))));
        relative(7, std::tanh(v));
        if (a > 1e-30) { relative(8, 1 / v); }
        float next = x[(i + 1) % x.size()];
        wrong += g[9] != std::max(x[i], next) || g[10] != std::min(x[i], next);
    }
    const double ulp = 1.0 / (1 << 23);
    CHECK(wrong == 0);
    CHECK(worst[0] <= 1.0 * ulp);
    CHECK(worst[1] <= 2.0 * ulp);
    CHECK(worst[2] <= 3.0 * ulp);
    CHECK(worst[3] <= 2.0 * ulp);
    CHECK(worst[4] <= 1.5 * ulp);
    CHECK(worst[5] <= 16 * ulp);       // ex2.approx and the rounding of x log2 e
    CHECK(worst[6] <= 1.0 / 2048);     // tanh.approx
    CHECK(worst[7] <= 1.0 / 1024);
    CHECK(worst[8] <= 1.5 * ulp);
}

TEST(philox_published_vectors)
{
    Session session;
    Kernel kernel(file, "test_philox");
    Buffer<u32> out(128);
    CHECK_OK(kernel.launch(1, 32, TestParams{0, out.address(), 0, 0, 0, 0}));
    std::vector<u32> zero = out.read();
    CHECK(zero[0] == 0x6627E8D5 && zero[1] == 0xE169C58D && zero[2] == 0xBC57AC4C && zero[3] == 0x9B00DBD8);
    // counter 243f6a88 85a308d3 13198a2e 03707344 under key a4093822 299f31d0
    CHECK_OK(kernel.launch(1, 32, TestParams{0x299F31D0A4093822ull, out.address(), 0x13198A2Eull, (i64)0x85A308D3243F6A88ull, 0x03707344, 0}));
    std::vector<u32> pi = out.read();
    CHECK(pi[0] == 0xD16CFE09 && pi[1] == 0x94FDCCEB && pi[2] == 0x5001E420 && pi[3] == 0x24126EA1);
}

}  // namespace tests
