// Parameters of the tests' kernels.
#pragma once

namespace rnn {

struct TestParams {
    unsigned long long in, out, extra;
    long long count;
    int choice, reserved;
};

/// y[i] = value (test_fill), or y[i] += value x[i] (test_add).
struct VectorParams {
    unsigned long long x, y;
    long long count;
    float value;
    int reserved;
};

}  // namespace rnn
