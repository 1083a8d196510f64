#include <weft/trace/outputs.hpp>

#include <new>
#include <utility>

#include "trace/format.hpp"
#include "trace/subscribers.hpp"

namespace weft {
inline namespace v0 {
namespace trace {

namespace {

class json_output final : public output {
 public:
  explicit json_output(std::shared_ptr<writer> to) noexcept : to_(std::move(to)) {}

  void on_event(const event_view& happened) noexcept override {
    tell([&](std::string& line) {
      begin(line, happened.time, happened.importance);
      line += ",\"message\":";
      detail::append_json(line, happened.message);
      line += ",\"fields\":";
      char before = '{';
      for (const auto& one : happened.fields) append_member(line, before, one.name, one.what);
      end_fields(line, before);
      append_place(line, happened.where);
      if (!happened.span) return;
      append_identity(line, happened.span->identity());
      line += ",\"spans\":";
      char between = '[';
      for (auto span = happened.span; span; span = span->parent()) {
        line += std::exchange(between, ',');
        line += "{\"name\":";
        detail::append_json(line, span->name());
        append_fields(line, *span);
        line += '}';
      }
      line += ']';
    });
  }

  void on_span_end(const span_view& ended) noexcept override {
    tell([&](std::string& line) {
      begin(line, ended.started(), ended.importance());
      line += ",\"span\":";
      detail::append_json(line, ended.name());
      append_fields(line, ended);
      append_place(line, ended.where());
      append_identity(line, ended.identity());
      if (auto parent = ended.parent_identity(); parent.valid()) {
        append_id(line, "parent_id", parent.span_id.data(), parent.span_id.size());
      }
      append_links(line, ended);
      append_status(line, ended);
      append_number(line, "duration_ns", ended.duration().count());
      append_number(line, "busy_ns", ended.busy().count());
      append_number(line, "idle_ns", ended.idle().count());
    });
  }

 private:
  template <class Fill>
  void tell(Fill&& fill) noexcept {
    static thread_local std::string line;
    try {
      line.clear();
      fill(line);
      line += "}\n";
      to_->write(line);
    } catch (const std::bad_alloc&) {
      detail::count_untold();
    }
  }
  static void begin(std::string& line, std::chrono::nanoseconds when, level importance) {
    line += "{\"time\":\"";
    detail::append_time(line, when);
    line += "\",\"level\":\"";
    line += name_of(importance);
    line += '"';
  }
  static void append_member(std::string& line, char& before, std::string_view name,
                            const value& of) {
    line += std::exchange(before, ',');
    detail::append_json(line, name);
    line += ':';
    detail::append_json_value(line, of);
  }
  static void end_fields(std::string& line, char before) { line += before == '{' ? "{}" : "}"; }
  static void append_fields(std::string& line, const span_view& of) {
    line += ",\"fields\":";
    char before = '{';
    of.for_each_field(
        [&](std::string_view name, const value& each) { append_member(line, before, name, each); });
    end_fields(line, before);
  }
  static void append_place(std::string& line, const std::source_location& where) {
    line += ",\"file\":";
    detail::append_json(line, where.file_name());
    append_number(line, "line", where.line());
  }
  static void append_number(std::string& line, std::string_view name, std::int64_t number) {
    line += ",\"";
    line += name;
    line += "\":";
    detail::append_value(line, number);
  }
  static void append_id(std::string& line, std::string_view name, const std::uint8_t* bytes,
                        std::size_t count) {
    line += ",\"";
    line += name;
    line += "\":\"";
    detail::append_hex(line, bytes, count);
    line += '"';
  }
  static void append_identity(std::string& line, const span_context& of) {
    append_id(line, "trace_id", of.trace_id.data(), of.trace_id.size());
    append_id(line, "span_id", of.span_id.data(), of.span_id.size());
  }
  static void append_links(std::string& line, const span_view& of) {
    auto links = of.links();
    if (links.empty()) return;
    line += ",\"links\":";
    char between = '[';
    for (const auto& one : links) {
      line += std::exchange(between, ',');
      line += '"';
      line += one.to_traceparent();
      line += '"';
    }
    line += ']';
  }
  static void append_status(std::string& line, const span_view& of) {
    auto how = of.how_it_ended();
    if (how == status::unset) return;
    line += how == status::ok ? ",\"status\":\"ok\"" : ",\"status\":\"error\"";
    if (auto description = of.description(); !description.empty()) {
      line += ",\"description\":";
      detail::append_json(line, description);
    }
  }

  std::shared_ptr<writer> to_;
};

}  // namespace

std::shared_ptr<output> json(std::shared_ptr<writer> to) {
  return std::make_shared<json_output>(std::move(to));
}

}  // namespace trace
}  // namespace v0
}  // namespace weft
