#include "ptx.h"

#include <algorithm>
#include <cstdlib>

namespace rnnemu {

namespace {

std::string wordAfter(const std::string& text, std::size_t at)
{
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string::npos) { return ""; }
    return text.substr(at, text.find_first_of(" \t\r\n,(", at) - at);
}

/// Bytes of a parameter list, each at its alignment: ".param .align 8 .b8 name_param_0[48]" or ".param .u64 name_param_0".
u32 parameterBytes(const std::string& list)
{
    u32 total = 0;
    for (std::size_t at = list.find(".param"); at != std::string::npos; at = list.find(".param", at + 6))
    {
        std::string one = list.substr(at + 6, list.find(",", at) - at - 6);
        u32 alignment = 0, size = 1, count = 1;
        if (std::size_t a = one.find(".align"); a != std::string::npos) { alignment = (u32)std::strtoul(one.c_str() + a + 6, nullptr, 10); }
        for (const char* type : {".b8", ".u8", ".s8"}) { if (one.find(type) != std::string::npos) { size = 1; } }
        for (const char* type : {".b16", ".u16", ".s16", ".f16"}) { if (one.find(type) != std::string::npos) { size = 2; } }
        for (const char* type : {".b32", ".u32", ".s32", ".f32"}) { if (one.find(type) != std::string::npos) { size = 4; } }
        for (const char* type : {".b64", ".u64", ".s64", ".f64"}) { if (one.find(type) != std::string::npos) { size = 8; } }
        if (std::size_t b = one.find('['); b != std::string::npos) { count = (u32)std::strtoul(one.c_str() + b + 1, nullptr, 10); }
        alignment = std::max(alignment, size);
        total = (total + alignment - 1) / alignment * alignment + size * count;
    }
    return total;
}

}  // namespace

bool readPtx(const std::string& text, PtxImage* image, std::string* reason)
{
    std::size_t version = text.find(".version"), target = text.find(".target");
    if (version == std::string::npos || target == std::string::npos)
    {
        *reason = "the image has no .version and .target: the emulator takes PTX text only";
        return false;
    }
    std::string v = wordAfter(text, version + 8), t = wordAfter(text, target + 7);
    image->version = (u32)std::strtoul(v.c_str(), nullptr, 10) * 10 + (v.find('.') == std::string::npos ? 0 : (u32)std::strtoul(v.c_str() + v.find('.') + 1, nullptr, 10));
    image->target = t.rfind("sm_", 0) == 0 ? (u32)std::strtoul(t.c_str() + 3, nullptr, 10) : 0;
    image->architectureSpecific = !t.empty() && t.back() == 'a';
    for (std::size_t at = text.find(".entry"); at != std::string::npos; at = text.find(".entry", at + 6))
    {
        std::size_t open = text.find_first_of("({", at), close = text.find(')', at);
        std::string name = wordAfter(text, at + 6);
        if (name.empty() || open == std::string::npos) { *reason = "an .entry without a body"; return false; }
        bool parameters = text[open] == '(' && close != std::string::npos;
        image->entries[name] = parameters ? parameterBytes(text.substr(open, close - open)) : 0;
    }
    return true;
}

}  // namespace rnnemu
