#include "task/dump.hpp"

#include <weft/dump.hpp>
#include <weft/leaf.hpp>
#include <weft/task.hpp>

#include <algorithm>
#include <cinttypes>
#include <cstdarg>

#include "scheduler/scheduler.hpp"
#include "task/frozen_task.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

[[gnu::format(printf, 2, 3)]] void print(std::string& out, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  auto length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > 0)
    out.append(line, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof line - 1));
}

// The coroutines from the leaf up to where the branch begins.
void print_frames(std::string& out, const branch_node* node) {
  unsigned depth = 0;
  for (auto* promise = node->current->waiting_promise(); promise; promise = promise->caller()) {
    const auto& where = promise->awaiting();
    print(out, "      #%u %s at %s:%u\n", depth++, where.function_name(), where.file_name(),
          static_cast<unsigned>(where.line()));
  }
  if (node->parent) print(out, "      in a branch of %s\n", node->parent->leaf_name());
}

void print_branch(std::string& out, const branch_node* node) {
  if (!node->current) return print(out, "    has not started\n");
  print(out, "    waits on %s\n", node->current->leaf_name());
  print_frames(out, node);
}

void print_task(std::string& out, task_header* task) {
  print(out, "  task %" PRIu64, task->id);
  if (*task->name()) print(out, " \"%s\"", task->name());
  if (task->spawned_at().line()) {
    print(out, " spawned at %s:%u", task->spawned_at().file_name(),
          static_cast<unsigned>(task->spawned_at().line()));
  }
  frozen_task until_printed(task);
  if (!until_printed) {
    auto seen = until_printed.seen();
    print(out, "%s\n",
          seen & state::complete  ? ": complete"
          : seen & state::running ? ": running"
                                  : ": ready");
    return;
  }
  out += ": suspended\n";
  until_printed.for_each_branch([&out](const branch_node* node) { print_branch(out, node); });
}

}  // namespace

std::string dump(scheduler& of) {
  std::string out;
  auto tasks = of.tasks().snapshot();
  print(out, "%zu live tasks\n", tasks.size());
  for (auto& task : tasks) print_task(out, task.get());
  return out;
}

}  // namespace detail

std::string dump_tasks() {
  auto* running = detail::scheduler::here();
  return running ? detail::dump(*running) : std::string();
}

void dump_tasks(std::FILE* out) {
  auto text = dump_tasks();
  std::fwrite(text.data(), 1, text.size(), out);
}

}  // namespace v0
}  // namespace weft
