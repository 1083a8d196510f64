#include <weft/http/router.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::inline v0::http {

namespace {

struct text_hash {
  using is_transparent = void;
  auto operator()(std::string_view text) const noexcept -> std::size_t {
    return std::hash<std::string_view>()(text);
  }
};

// The handlers of one pattern.
class method_table {
 public:
  void add(http::method method, std::unique_ptr<const detail::erased_handler> handler) {
    handlers_.emplace_back(method, std::move(handler));
    std::string text;
    for (const auto& [known, unused] : handlers_) {
      text += std::string(text.empty() ? "" : ", ") + std::string(known.text());
      if (known == method::get && !find_exact(method::head)) text += ", HEAD";
    }
    allow_ = std::move(text);
  }
  [[nodiscard]] auto find_exact(const http::method& method) const noexcept
      -> const detail::erased_handler* {
    for (const auto& [known, handler] : handlers_) {
      if (known == method) return handler.get();
    }
    return nullptr;
  }
  [[nodiscard]] auto find(const http::method& method) const noexcept
      -> const detail::erased_handler* {
    const auto* found = find_exact(method);
    if (!found && method == method::head) found = find_exact(method::get);
    return found;
  }
  [[nodiscard]] auto allow() const noexcept -> std::string_view { return allow_; }

 private:
  std::vector<std::pair<http::method, std::unique_ptr<const detail::erased_handler>>> handlers_;
  std::string allow_;
};

enum class segment_kind : std::uint8_t { literal, one, rest };

struct segment {
  segment_kind kind;
  std::string text;
};

struct parsed_pattern {
  std::vector<segment> segments;
  method_table methods;
};

[[noreturn]] void refuse(std::string_view pattern, const char* why) {
  throw std::invalid_argument("http::router: \"" + std::string(pattern) + "\": " + why);
}

auto parse_segment(std::string_view pattern, std::string_view text, bool is_last) -> segment {
  if (text.find_first_of("{}") == text.npos) return {segment_kind::literal, std::string(text)};
  if (text.size() < 3 || text.front() != '{' || text.back() != '}' ||
      text.find_first_of("{}", 1) != text.size() - 1) {
    refuse(pattern, "a parameter is a whole segment, {name} or {*name}");
  }
  if (text[1] != '*') return {segment_kind::one, {}};
  if (text.size() < 4) refuse(pattern, "{*name} needs a name");
  if (!is_last) refuse(pattern, "{*name} takes all that is left, so it stands last");
  return {segment_kind::rest, {}};
}

auto parse_pattern(std::string_view pattern) -> std::vector<segment> {
  if (pattern.empty() || pattern.front() != '/') refuse(pattern, "a pattern begins with /");
  if (pattern.find_first_of("?# ") != pattern.npos)
    refuse(pattern, "no path holds ?, # or a space");
  std::vector<segment> segments;
  std::size_t parameters = 0;
  for (auto rest = pattern.substr(1);;) {
    auto slash = rest.find('/');
    segments.push_back(parse_segment(pattern, rest.substr(0, slash), slash == rest.npos));
    if (segments.back().kind != segment_kind::literal) ++parameters;
    if (slash == rest.npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (parameters > request::max_parameters) refuse(pattern, "more than 8 parameters");
  return segments;
}

// Whether the path fits; the parameters' places go into the request.
auto match(const std::vector<segment>& segments, request& incoming) -> bool {
  incoming.clear_parameters();
  auto path = incoming.path();
  std::size_t at = 1;
  for (std::size_t index = 0; index < segments.size(); ++index) {
    if (at > path.size()) return false;
    const auto& expected = segments[index];
    auto slash = expected.kind == segment_kind::rest ? path.npos : path.find('/', at);
    auto end = std::min(slash, path.size());
    auto text = path.substr(at, end - at);
    if (expected.kind == segment_kind::literal) {
      if (text != expected.text) return false;
    } else {
      if (text.empty()) return false;
      incoming.add_parameter(at, text.size());
    }
    at = end + 1;
  }
  return at == path.size() + 1;
}

// Literals first, from left to right.
auto comes_before(const parsed_pattern& left, const parsed_pattern& right) -> bool {
  return std::lexicographical_compare(
      left.segments.begin(), left.segments.end(), right.segments.begin(), right.segments.end(),
      [](const segment& one, const segment& other) { return one.kind < other.kind; });
}

auto same_shape(const std::vector<segment>& left, const std::vector<segment>& right) -> bool {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const segment& one, const segment& other) {
                      return one.kind == other.kind && one.text == other.text;
                    });
}

}  // namespace

class router::table final : public detail::erased_handler {
 public:
  void add(http::method method, std::string_view pattern,
           std::unique_ptr<const detail::erased_handler> handler) {
    auto segments = parse_pattern(pattern);
    auto is_literal = std::ranges::all_of(
        segments, [](const segment& one) { return one.kind == segment_kind::literal; });
    auto& methods = is_literal ? literal_[std::string(pattern)] : of_shape(std::move(segments));
    if (methods.find_exact(method)) {
      refuse(pattern, "there is a handler for this method and pattern already");
    }
    methods.add(method, std::move(handler));
  }

  auto call(request&& incoming, result& answer) const
      -> std::unique_ptr<detail::pending_call> override {
    const auto* methods = find(incoming);
    if (!methods) {
      answer = response(status::not_found, "Not Found\n");
      return nullptr;
    }
    if (const auto* handler = methods->find(incoming.method())) {
      return handler->call(std::move(incoming), answer);
    }
    answer = response(status::method_not_allowed, "Method Not Allowed\n")
                 .header(header::allow, methods->allow());
    return nullptr;
  }

 private:
  auto of_shape(std::vector<segment> segments) -> method_table& {
    for (auto& known : patterns_) {
      if (same_shape(known.segments, segments)) return known.methods;
    }
    parsed_pattern added{std::move(segments), {}};
    auto place = std::upper_bound(patterns_.begin(), patterns_.end(), added, comes_before);
    return patterns_.insert(place, std::move(added))->methods;
  }
  auto find(request& incoming) const -> const method_table* {
    if (auto found = literal_.find(incoming.path()); found != literal_.end()) {
      return &found->second;
    }
    for (const auto& known : patterns_) {
      if (match(known.segments, incoming)) return &known.methods;
    }
    incoming.clear_parameters();
    return nullptr;
  }

  std::unordered_map<std::string, method_table, text_hash, std::equal_to<>> literal_;
  std::vector<parsed_pattern> patterns_;
};

router::router() : table_(std::make_shared<table>()) {}
router::router(const router&) = default;
router::router(router&&) noexcept = default;
auto router::operator=(router other) noexcept -> router& {
  table_ = std::move(other.table_);
  return *this;
}
router::~router() = default;

void router::add(http::method method, std::string_view pattern,
                 std::unique_ptr<const detail::erased_handler> handler) {
  table_->add(method, pattern, std::move(handler));
}

auto router::handler() const -> std::shared_ptr<const detail::erased_handler> {
  return table_;
}

auto router::call_operation::awaiter::poll() noexcept -> bool {
  if (!called_) {
    called_ = true;
    try {
      pending_ = table_->call(std::move(incoming_), answer_);
    } catch (...) {
      thrown_ = std::current_exception();
    }
    if (pending_) pending_->start();
  }
  return !pending_ || pending_->done();
}

auto router::call_operation::awaiter::take() -> result {
  if (thrown_) std::rethrow_exception(thrown_);
  return pending_ ? pending_->take() : std::move(answer_);
}

}  // namespace weft::inline v0::http
