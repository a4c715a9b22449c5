#pragma once

#include <cstdint>
#include <string>

namespace cmdsrv::test {

/// A square PNG of one colour (0xRRGGBB) with a darker frame; `size` in pixels, at most 700.
std::string MakePng(unsigned size, std::uint32_t colour);

}  // namespace cmdsrv::test
