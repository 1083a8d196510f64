// What the tests of tracing share.
#pragma once

#include <weft/trace/outputs.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trace_test {

namespace trace = weft::trace;
using trace::collector;
using trace::level;

using texts = std::vector<std::string>;
using fields = std::vector<collector::field>;

/// Listens as long as it lives.
class listening {
 public:
  explicit listening(trace::filter which = level::trace) {
    trace::install({{std::move(which), heard_}}).value();
  }
  explicit listening(std::string_view directives)
      : listening(trace::filter::parse(directives).value()) {}
  ~listening() { trace::install({}).value(); }
  collector* operator->() { return heard_.get(); }
  texts messages() const {
    texts all;
    for (auto& one : heard_->events()) all.push_back(one.message);
    return all;
  }

 private:
  std::shared_ptr<collector> heard_ = std::make_shared<collector>();
};

/// The span of another process; not sampled.
inline trace::span_context remote() {
  return trace::span_context::from_traceparent(
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
      .value();
}

}  // namespace trace_test
