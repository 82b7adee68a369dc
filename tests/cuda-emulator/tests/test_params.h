// Parameters of the tests' kernels.
#pragma once

namespace rnn {

struct TestParams {
    unsigned long long in, out, extra;
    long long count;
    int choice, reserved;
};

}  // namespace rnn
