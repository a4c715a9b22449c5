#pragma once

#include <fmt/format.h>
#include <string.h>

#include <string>
#include <string_view>
#include <utility>

namespace cmdsrv {

/// A text that must not leak: formats as ***, is wiped on destruction, is moved and never copied by accident.
/// Expose() is the only way to the text, so that a reader can find each place that uses it.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.Wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      Wipe();
      text_ = std::move(other.text_);
      other.Wipe();
    }
    return *this;
  }
  ~Secret() { Wipe(); }

  std::string_view Expose() const { return text_; }
  bool Empty() const { return text_.empty(); }

 private:
  void Wipe() {
    explicit_bzero(text_.data(), text_.capacity());  // also the part that a small string keeps in place
    text_.clear();
  }

  std::string text_;
};

}  // namespace cmdsrv

template <>
struct fmt::formatter<cmdsrv::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const cmdsrv::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
