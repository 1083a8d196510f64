#pragma once

#include <weft/export.hpp>

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::inline v0::http {

namespace detail {
template <class T>
WEFT_API inline constexpr char extension_type = 0;
}  // namespace detail

/// Values that layers attach to a message, at most one of each type, found again by their type.
/// Empty it takes three words and allocates nothing.
/// Thread-safety: none.
class extensions {
 public:
  extensions() noexcept = default;
  extensions(extensions&&) noexcept = default;
  auto operator=(extensions&&) noexcept -> extensions& = default;
  extensions(const extensions&) = delete;
  auto operator=(const extensions&) -> extensions& = delete;
  ~extensions() = default;

  /// Sets the value of type T; a former one is destroyed. The reference is valid until the value is
  /// replaced or removed.
  template <class T>
  auto insert(T value) -> T& {
    auto held = std::make_unique<holder_of<T>>(std::move(value));
    auto& object = held->value;
    const auto at = find(&detail::extension_type<T>);
    if (at != values_.end()) {
      *at = std::move(held);
    } else {
      values_.push_back(std::move(held));
    }
    return object;
  }

  /// The value of type T, or null.
  template <class T>
  [[nodiscard]] auto get() noexcept -> T* {
    const auto at = find(&detail::extension_type<T>);
    return at == values_.end() ? nullptr : &static_cast<holder_of<T>&>(**at).value;
  }
  template <class T>
  [[nodiscard]] auto get() const noexcept -> const T* {
    return const_cast<extensions*>(this)->get<T>();
  }

  /// Destroys the value of type T; tells whether there was one.
  template <class T>
  auto remove() noexcept -> bool {
    const auto at = find(&detail::extension_type<T>);
    if (at == values_.end()) return false;
    values_.erase(at);
    return true;
  }

  [[nodiscard]] auto empty() const noexcept -> bool { return values_.empty(); }
  void clear() noexcept { values_.clear(); }

 private:
  struct holder {
    const void* type;

    explicit holder(const void* identity) noexcept : type(identity) {}
    holder(const holder&) = delete;
    auto operator=(const holder&) -> holder& = delete;
    virtual ~holder() = default;
  };
  template <class T>
  struct holder_of final : holder {
    T value;

    explicit holder_of(T&& object) : holder(&detail::extension_type<T>), value(std::move(object)) {}
  };

  std::vector<std::unique_ptr<holder>> values_;

  auto find(const void* type) noexcept -> std::vector<std::unique_ptr<holder>>::iterator {
    return std::find_if(values_.begin(), values_.end(),
                        [type](const auto& held) { return held->type == type; });
  }
};

}  // namespace weft::inline v0::http
