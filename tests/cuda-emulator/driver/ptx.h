// What the emulator reads of a PTX image: version, target, and the kernels with the bytes of their parameters.
#pragma once

#include "../runtime/kernel_api.h"

#include <map>
#include <string>

namespace rnnemu {

struct PtxImage {
    u32 version = 0;   // 70 for 7.0
    u32 target = 0;    // 80 for sm_80
    bool architectureSpecific = false;  // sm_90a: that capability only
    std::map<std::string, u32> entries;
};

/// False, with a reason, for what is not PTX.
bool readPtx(const std::string& text, PtxImage* image, std::string* reason);

}  // namespace rnnemu
