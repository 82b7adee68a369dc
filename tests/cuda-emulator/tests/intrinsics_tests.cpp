// Every intrinsic against plain C++ on the host. These run on a GPU too (--library libcuda.so.1), where they check what the emulator assumes
// of the hardware: fragment layouts, rounding, order of shuffles.
#include "driver.h"
#include "reference.h"
#include "test_params.h"

#include <algorithm>
#include <cmath>

namespace tests {

using rnn::TestParams;

namespace {

constexpr const char* file = "intrinsics";

/// One warp's answers of test_shuffles for lane values v.
u32 shuffled(const std::vector<u32>& v, u32 lane, int source, u32 width)
{
    int first = (int)(lane / width * width);
    return source < first || source >= first + (int)width ? v[lane] : v[(u32)source];
}

}  // namespace

TEST(indices)
{
    Session session;
    Kernel kernel(file, "test_indices");
    u32 threads = 5 * 3 * 4, blocks = 2 * 3 * 2;
    Buffer<u32> out(4 * threads * blocks);
    TestParams p{0, out.address(), 0, 0, 0, 0};
    void* list[] = {&p};
    CHECK_OK(driver.cuLaunchKernel(kernel.function(), 2, 3, 2, 5, 3, 4, 0, nullptr, list, nullptr));
    std::vector<u32> got = out.read();
    bool same = true;
    for (u32 i = 0; i < threads * blocks; i++)
    {
        u32 t = i % threads, b = i / threads;
        same &= got[4 * i] == (t % 5 | t / 5 % 3 << 8 | t / 15 << 16);
        same &= got[4 * i + 1] == (b % 2 | b / 2 % 3 << 8 | b / 6 << 16);
        same &= got[4 * i + 2] == (t % 32 | t / 32 << 8);
        same &= got[4 * i + 3] == 5 * 1000000 + 2 * 10000 + 3 * 100 + 2;
    }
    CHECK(same);
}

TEST(shuffles_votes_and_warp_sums)
{
    Session session;
    Kernel kernel(file, "test_shuffles");
    std::vector<u32> v(32);
    Numbers numbers(3);
    for (u32& x : v) { x = numbers.bits() % 100000; }
    Buffer<u32> in(v), out(448);
    CHECK_OK(kernel.launch(1, 32, TestParams{in.address(), out.address(), 0, 0, 0, 0}));
    std::vector<u32> got = out.read();
    u32 odd = 0;
    for (u32 l = 0; l < 32; l++) { odd |= (v[l] & 1) << l; }
    for (int l = 0; l < 32; l++)
    {
        u32 lane = (u32)l;
        CHECK(got[lane] == v[lane ^ 5]);
        CHECK(got[32 + lane] == shuffled(v, lane, l - 3, 32));
        CHECK(got[64 + lane] == shuffled(v, lane, l + 7, 32));
        CHECK(got[96 + lane] == v[(lane * 7 + 1) % 32]);
        CHECK(got[128 + lane] == v[lane ^ 3]);
        CHECK(got[160 + lane] == shuffled(v, lane, l - 2, 8));
        CHECK(got[192 + lane] == shuffled(v, lane, l + 2, 8));
        CHECK(got[224 + lane] == v[lane / 8 * 8 + 3]);
        CHECK(got[256 + lane] == odd);
        CHECK(got[288 + lane] == 12);
        CHECK(got[416 + lane] == (lane < 16 ? v[lane ^ 1] + 0xFF00u : 0));
    }
    // sums in the butterfly's order
    for (u32 width : {32u, 8u})
    {
        std::vector<float> sum(32), next(32);
        for (u32 l = 0; l < 32; l++) { sum[l] = (float)v[l]; }
        for (u32 d = width / 2; d > 0; d /= 2)
        {
            for (u32 l = 0; l < 32; l++) { next[l] = sum[l] + sum[l ^ d]; }
            sum = next;
        }
        for (u32 l = 0; l < 32; l++) { CHECK(got[(width == 32 ? 320 : 384) + l] == asBits(sum[l])); }
    }
    CHECK(asFloat(got[352]) == (float)*std::max_element(v.begin(), v.end()));
}

TEST(shared_memory_static_and_dynamic)
{
    Session session;
    Kernel kernel(file, "test_shared");
    u32 n = 96, blocks = 3;
    std::vector<float> data(n * blocks);
    for (u32 i = 0; i < data.size(); i++) { data[i] = (float)i; }
    Buffer<float> in(data), out(data.size());
    CHECK_OK(kernel.launch(blocks, n, TestParams{in.address(), out.address(), 0, 0, 0, 0}, 16 + 4 * n));
    std::vector<float> got = out.read();
    for (u32 b = 0; b < blocks; b++)
    {
        for (u32 t = 0; t < n; t++) { CHECK(got[b * n + t] == data[b * n + (n - 1 - (t + 1) % n)]); }
    }
}

TEST(warp_barriers)
{
    Session session;
    Kernel kernel(file, "test_sync_warp");
    std::vector<u32> v(64);
    for (u32 i = 0; i < 64; i++) { v[i] = i * i; }
    Buffer<u32> in(v), out(64);
    CHECK_OK(kernel.launch(1, 64, TestParams{in.address(), out.address(), 0, 0, 0, 0}));
    for (int round = 0; round < 4; round++)
    {
        std::vector<u32> next(64);
        for (u32 i = 0; i < 64; i++) { next[i] = v[i] + v[i ^ 1]; }
        v = next;
    }
    CHECK(out.read() == v);
}

TEST(asynchronous_copies)
{
    Session session;
    Kernel kernel(file, "test_copy_async");
    std::vector<u32> data(256);
    for (u32 i = 0; i < 256; i++) { data[i] = 1000 + i; }
    Buffer<u32> in(data), out(768);
    CHECK_OK(kernel.launch(1, 64, TestParams{in.address(), out.address(), 0, 0, 0, 0}));
    std::vector<u32> got = out.read();
    for (u32 t = 0; t < 64; t++)
    {
        for (u32 i = 0; i < 4; i++)
        {
            u32 from = 4 * (63 - t) + i;
            CHECK(got[4 * t + i] == data[from]);
            CHECK(got[256 + 4 * t + i] == data[from]);
            u32 valid = (63 - t) % 3 * 4;  // bytes of the last 8 that were read
            CHECK(got[512 + 4 * t + i] == (i < 2 || 4 * (i - 2) < valid ? data[from] : 0));
        }
    }
}

TEST(ldmatrix)
{
    Session session;
    Kernel kernel(file, "test_ldmatrix");
    std::vector<u16> m(256);  // [4][8][8]
    Numbers numbers(5);
    for (u16& x : m) { x = (u16)numbers.bits(); }
    std::vector<u32> words(128);
    std::memcpy(words.data(), m.data(), 512);
    Buffer<u32> in(words), out(14 * 32);
    CHECK_OK(kernel.launch(1, 32, TestParams{in.address(), out.address(), 0, 0, 0, 0}));
    std::vector<u32> got = out.read();
    for (u32 l = 0; l < 32; l++)
    {
        for (u32 k = 0; k < 4; k++)
        {
            const u16* one = m.data() + 64 * k;
            u32 plain = one[l / 4 * 8 + l % 4 * 2] | (u32)one[l / 4 * 8 + l % 4 * 2 + 1] << 16;
            u32 transposed = one[l % 4 * 2 * 8 + l / 4] | (u32)one[(l % 4 * 2 + 1) * 8 + l / 4] << 16;
            CHECK(got[14 * l + k] == plain);
            CHECK(got[14 * l + 7 + k] == transposed);
            if (k < 2) { CHECK(got[14 * l + 4 + k] == plain && got[14 * l + 11 + k] == transposed); }
            if (k < 1) { CHECK(got[14 * l + 6] == plain && got[14 * l + 13] == transposed); }
        }
    }
}

TEST(mma_bf16_and_f16)
{
    Session session;
    Kernel kernel(file, "test_mma_halves");
    for (int choice = 0; choice < 2; choice++)
    {
        Numbers numbers(11 + (u64)choice);
        std::vector<u16> halves(384);
        std::vector<float> values(384), c(128);
        for (u32 i = 0; i < 384; i++)
        {
            float x = numbers.uniform(-2, 2);
            if (choice == 0) { halves[i] = (u16)(asBits(x) >> 16); values[i] = asFloat((u32)halves[i] << 16); }
            else { halves[i] = (u16)(numbers.bits() & 0xBFFF); values[i] = halfValue(halves[i]); }
        }
        for (float& x : c) { x = numbers.uniform(-3, 3); }
        Buffer<u16> in(halves);
        Buffer<float> start(c), out(128);
        CHECK_OK(kernel.launch(1, 32, TestParams{in.address(), out.address(), start.address(), 0, choice, 0}));
        std::vector<float> got = out.read();
        for (u32 row = 0; row < 16; row++)
        {
            for (u32 column = 0; column < 8; column++)
            {
                double sum = c[row * 8 + column], size = std::fabs(sum);
                for (u32 k = 0; k < 16; k++)
                {
                    double product = (double)values[row * 16 + k] * values[256 + k * 8 + column];
                    sum += product;
                    size += std::fabs(product);
                }
                CHECK(std::fabs(got[row * 8 + column] - sum) <= size * 4e-6);
            }
        }
    }
}

TEST(mma_tf32)
{
    Session session;
    Kernel kernel(file, "test_mma_tf32");
    Numbers numbers(13);
    std::vector<float> ab(192), c(128);
    for (float& x : ab) { x = numbers.uniform(-2, 2); }
    for (float& x : c) { x = numbers.uniform(-3, 3); }
    Buffer<float> in(ab), start(c), out(128);
    CHECK_OK(kernel.launch(1, 32, TestParams{in.address(), out.address(), start.address(), 0, 0, 0}));
    std::vector<float> got = out.read();
    for (u32 row = 0; row < 16; row++)
    {
        for (u32 column = 0; column < 8; column++)
        {
            double sum = c[row * 8 + column];
            for (u32 k = 0; k < 8; k++) { sum += roundTo(ab[row * 8 + k], 10, -126) * roundTo(ab[128 + k * 8 + column], 10, -126); }
            CHECK(std::fabs(got[row * 8 + column] - sum) <= 2e-5);
        }
    }
}

TEST(atomics)
{
    Session session;
    Kernel kernel(file, "test_atomics");
    Buffer<u32> out(std::vector<u32>(7, 0));
    u32 blocks = 5, threads = 96, n = blocks * threads;
    CHECK_OK(kernel.launch(blocks, threads, TestParams{0, out.address(), 0, 0, 0, 0}));
    std::vector<u32> got = out.read();
    u32 most = 0;
    for (u32 i = 0; i < n; i++) { most = std::max(most, i * 7919u % 1000u); }
    CHECK(got[0] == n * (n - 1) / 2);
    CHECK(got[1] == most);
    CHECK(got[2] >= 1 && got[2] <= n && got[3] == 1);
    CHECK(got[4] == blocks * (threads * 1000 + threads - 1));
    CHECK(got[5] + got[6] == n * (n - 1) / 2);  // what was given back and what is left are all that was put in
}

TEST(last_block_sums_up)
{
    Session session;
    Kernel kernel(file, "test_last_block");
    Buffer<float> in(std::vector<float>(32 * 20, 0.5f)), partial(20);
    Buffer<u32> out(std::vector<u32>(2, 0));
    CHECK_OK(kernel.launch(20, 32, TestParams{in.address(), out.address(), partial.address(), 0, 0, 0}));
    CHECK(asFloat(out.read()[0]) == 320.0f);
}

TEST(grid_barrier)
{
    Session session;
    Kernel kernel(file, "test_sync_grid");
    u32 n = 4, rounds = 9;
    Buffer<u32> word(std::vector<u32>(1, 0)), buffers(2 * n), out(n);
    for (int launch = 0; launch < 3; launch++)  // the word needs no reset
    {
        CHECK_OK(kernel.launchCooperative(n, 64, TestParams{buffers.address(), out.address(), word.address(), rounds, 0, 0}));
        std::vector<u32> v(n), next(n);
        for (u32 b = 0; b < n; b++) { v[b] = b + 1; }
        for (u32 round = 0; round < rounds; round++)
        {
            for (u32 b = 0; b < n; b++) { next[b] = v[b] * 3 + v[(b + 1) % n]; }
            v = next;
        }
        CHECK(out.read() == v);
        CHECK((word.read()[0] & 0x7FFFFFFF) == 0);
    }
}

TEST(blocks_wait_for_blocks)
{
    Session session;
    Kernel kernel(file, "test_wait_chain");
    u32 n = 4;
    Buffer<u32> flags(std::vector<u32>(n, 0)), out(n);
    CHECK_OK(kernel.launchCooperative(n, 32, TestParams{0, out.address(), flags.address(), 0, 0, 0}));
    u32 before = 1;
    std::vector<u32> got = out.read();
    for (u32 b = 0; b < n; b++)
    {
        before = before * 2 + b;
        CHECK(got[b] == before);
    }
}

TEST(vector_loads_and_stores)
{
    Session session;
    Kernel kernel(file, "test_vectors");
    std::vector<float> x(128);
    for (u32 i = 0; i < 128; i++) { x[i] = (float)i + 0.25f; }
    Buffer<float> in(x), out(128);
    CHECK_OK(kernel.launch(1, 32, TestParams{in.address(), out.address(), 0, 0, 0, 0}));
    std::vector<float> got = out.read();
    for (u32 t = 0; t < 32; t++)
    {
        u32 other = 4 * (31 - t);
        CHECK(got[4 * t] == 2 * x[other] + x[4 * t + 2]);
        CHECK(got[4 * t + 1] == x[other + 1] + x[4 * t + 3]);
        CHECK(got[4 * t + 2] == x[other + 2] + x[4 * t + 2]);
        CHECK(got[4 * t + 3] == x[other + 3] + x[4 * t + 3]);
    }
}

EMULATOR_TEST(results_do_not_depend_on_the_order)
{
    // the same answers whatever order threads and blocks come in: the kernels above, and the checks, hold for every order
    for (const char* order : {"RNNGPU_EMULATOR_ORDER=1", "RNNGPU_EMULATOR_ORDER=2", "RNNGPU_EMULATOR_ORDER=3"})
    {
        Session session(order);
        Kernel shared(file, "test_shared"), copies(file, "test_copy_async"), grid(file, "test_sync_grid"), chain(file, "test_wait_chain");
        Buffer<u32> data(std::vector<u32>(1024, 1)), out(1024), word(std::vector<u32>(8, 0));
        CHECK_OK(shared.launch(3, 96, TestParams{data.address(), out.address(), 0, 0, 0, 0}, 1024));
        CHECK_OK(copies.launch(1, 64, TestParams{data.address(), out.address(), 0, 0, 0, 0}));
        CHECK_OK(grid.launchCooperative(4, 64, TestParams{data.address(), out.address(), word.address(), 5, 0, 0}));
        std::vector<u32> v = {1, 2, 3, 4}, got = out.read();
        for (u32 round = 0; round < 5; round++) { v = {v[0] * 3 + v[1], v[1] * 3 + v[2], v[2] * 3 + v[3], v[3] * 3 + v[0]}; }
        CHECK(std::equal(v.begin(), v.end(), got.begin()));
        CHECK_OK(driver.cuMemsetD32_v2(word.address(), 0, 8));
        CHECK_OK(chain.launchCooperative(4, 32, TestParams{0, out.address(), word.address(), 0, 0, 0}));
        CHECK_OK(driver.cuCtxSynchronize());
    }
}

}  // namespace tests
