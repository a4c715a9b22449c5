#pragma once

// What nearly every file includes and what costs most to read. Every file still names what it uses: the lint and fuzz
// builds do without this header.
#include <boost/json.hpp>
#include <fmt/format.h>
#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>
