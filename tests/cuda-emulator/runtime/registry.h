// The kernels linked into the emulator.
#pragma once

#include "kernel_api.h"

#include <string>

namespace rnnemu {

/// nullptr where no kernel of the name was compiled in.
const KernelInfo* findKernel(const std::string& name);

}  // namespace rnnemu
