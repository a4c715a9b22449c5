#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <functional>

namespace cmdsrv {

/// A row number that cannot be mixed up with another kind of row number. 0 means "none".
template <class Tag>
struct Id {
  std::int64_t value = 0;

  friend auto operator<=>(const Id&, const Id&) = default;
  explicit operator bool() const { return value != 0; }
};

using CommandId = Id<struct CommandTag>;  ///< `commands.rowid`; also the id of the group of jobs it made
using JobId = Id<struct JobTag>;          ///< `jobs.rowid`

}  // namespace cmdsrv

template <class Tag>
struct std::hash<cmdsrv::Id<Tag>> {
  std::size_t operator()(cmdsrv::Id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};

template <class Tag>
struct fmt::formatter<cmdsrv::Id<Tag>> : fmt::formatter<std::int64_t> {
  template <class Context>
  auto format(cmdsrv::Id<Tag> id, Context& context) const {
    return fmt::formatter<std::int64_t>::format(id.value, context);
  }
};
