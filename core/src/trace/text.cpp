#include <weft/trace/outputs.hpp>

#include <array>
#include <new>
#include <utility>

#include "trace/format.hpp"
#include "trace/subscribers.hpp"

namespace weft {
inline namespace v0 {
namespace trace {

namespace {

constexpr std::size_t max_line = 16 * 1024;
constexpr std::string_view cut_mark = "…";
constexpr std::array<std::string_view, 6> padded_levels{"TRACE", "DEBUG", " INFO",
                                                        " WARN", "ERROR", "  OFF"};

class text_output final : public output {
 public:
  text_output(std::shared_ptr<writer> to, text_options options) noexcept
      : to_(std::move(to)), options_(options) {}

  void on_event(const event_view& happened) noexcept override {
    tell([&](std::string& line) {
      begin(line, happened.time, happened.importance);
      detail::append_readable(line, happened.message);
      for (const auto& one : happened.fields) append_field(line, one.name, one.what);
      append_spans(line, happened.span);
      append_place(line, happened.where);
    });
  }

  void on_span_end(const span_view& ended) noexcept override {
    if (!options_.span_ends) return;
    tell([&](std::string& line) {
      begin(line, ended.started() + ended.duration(), ended.importance());
      append_span(line, ended);
      line += " ended";
      append_field(line, "busy", ended.busy());
      append_field(line, "idle", ended.idle());
      if (ended.how_it_ended() == status::error) append_field(line, "error", ended.description());
      append_spans(line, ended.parent());
      append_place(line, ended.where());
    });
  }

 private:
  template <class Fill>
  void tell(Fill&& fill) noexcept {
    static thread_local std::string line;
    try {
      line.clear();
      fill(line);
      if (line.size() >= max_line) {
        auto end = max_line - cut_mark.size() - 1;
        while ((static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
        line.resize(end);
        line += cut_mark;
      }
      line += '\n';
      to_->write(line);
    } catch (const std::bad_alloc&) {
      detail::count_untold();
    }
  }
  void begin(std::string& line, std::chrono::nanoseconds when, level importance) const {
    if (options_.time) {
      detail::append_time(line, when);
      line += ' ';
    }
    line += padded_levels[static_cast<std::size_t>(importance)];
    line += ' ';
  }
  static void append_field(std::string& line, std::string_view name, const value& of) {
    line += ' ';
    detail::append_readable(line, name);
    line += '=';
    detail::append_readable_value(line, of);
  }
  static void append_span(std::string& line, const span_view& span) {
    detail::append_readable(line, span.name());
    char before = '{';
    span.for_each_field([&](std::string_view name, const value& of) {
      line += std::exchange(before, ' ');
      detail::append_readable(line, name);
      line += '=';
      detail::append_readable_value(line, of);
    });
    if (before == ' ') line += '}';
  }
  static void append_spans(std::string& line, std::optional<span_view> innermost) {
    std::string_view before = " in ";
    for (auto span = innermost; span && line.size() < max_line; span = span->parent()) {
      line += std::exchange(before, " < ");
      append_span(line, *span);
    }
  }
  void append_place(std::string& line, const std::source_location& where) const {
    if (!options_.place) return;
    line += " at ";
    line += where.file_name();
    line += ':';
    line += std::to_string(where.line());
  }

  std::shared_ptr<writer> to_;
  text_options options_;
};

}  // namespace

std::shared_ptr<output> text(std::shared_ptr<writer> to, text_options options) {
  return std::make_shared<text_output>(std::move(to), options);
}

}  // namespace trace
}  // namespace v0
}  // namespace weft
