// Number formats by their definitions, for comparison.
#pragma once

#include "driver.h"

#include <algorithm>
#include <cmath>

namespace tests {

using u16 = std::uint16_t;

inline float asFloat(u32 bits) { return __builtin_bit_cast(float, bits); }
inline u32 asBits(float x) { return __builtin_bit_cast(u32, x); }

/// x rounded to a grid of `fraction` bits, exponents from `least`, ties to even: the definition, in double.
inline double roundTo(double x, int fraction, int least)
{
    if (x == 0 || !std::isfinite(x)) { return x; }
    int exponent = std::max(std::ilogb(x), least);
    double step = std::ldexp(1.0, exponent - fraction);
    return std::nearbyint(x / step) * step;
}

inline float halfValue(u16 bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double v = exponent == 31 ? (fraction != 0 ? NAN : INFINITY) : exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return (float)((bits & 0x8000) != 0 ? -v : v);
}

}  // namespace tests
