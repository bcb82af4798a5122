#include "client/watch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <thread>

#include "base/json_text.hpp"
#include "client/exit_code.hpp"

namespace tenantry::client {
namespace {

namespace json = base::json;
using base::Time;

struct Mark {
  std::string_view state;
  std::string_view symbol;
  std::string_view plain;   // where there is only ASCII
  std::string_view colour;  // adds to symbol and word, never replaces them
};

constexpr std::array<Mark, 10> kMarks{{{"pending", "·", ".", "2"},
                                       {"ready", "○", "o", "2"},
                                       {"running", "▶", ">", "36"},
                                       {"waiting", "…", "~", "33"},
                                       {"completed", "✓", "+", "32"},
                                       {"exists", "=", "=", "32"},
                                       {"skipped", "–", "-", "2"},
                                       {"failed", "✗", "x", "31"},
                                       {"cancelled", "■", "#", "31"},
                                       {"unknown", "?", "?", "33"}}};

constexpr std::size_t kStateWidth = 9;
constexpr std::size_t kBarWidth = 24;

const Mark& mark_of(std::string_view state) {
  const auto* found = std::find_if(kMarks.begin(), kMarks.end(), [&](const Mark& mark) { return mark.state == state; });
  return found != kMarks.end() ? *found : kMarks.back();
}

std::string painted(std::string text, std::string_view colour, const Look& look) {
  return look.colour ? "\x1b[" + std::string(colour) + "m" + std::move(text) + "\x1b[0m" : std::move(text);
}

const json::array& list(const json::value& object, std::string_view name) {
  static const json::array kNone;
  const auto* members = object.if_object();
  const auto* member = members != nullptr ? members->if_contains(name) : nullptr;
  return member != nullptr && member->is_array() ? member->get_array() : kNone;
}

std::int64_t number(const json::value& object, std::string_view name) {
  const auto* members = object.if_object();
  const auto* member = members != nullptr ? members->if_contains(name) : nullptr;
  return member != nullptr && member->is_number() ? member->to_number<std::int64_t>() : 0;
}

double percent(const json::value& object, std::string_view name) {
  const auto* members = object.if_object();
  const auto* member = members != nullptr ? members->if_contains(name) : nullptr;
  return member != nullptr && member->is_number() ? std::clamp(member->to_number<double>(), 0.0, 100.0) : 0.0;
}

std::string percent_text(double value) {
  const auto tenths = std::lround(value * 10.0);
  return std::to_string(tenths / 10) + (tenths % 10 != 0 ? "." + std::to_string(tenths % 10) : "") + " %";
}

bool is_ok(std::string_view state) { return state == "completed" || state == "exists" || state == "skipped"; }

std::string error_of_step(const json::value& status, const std::string& step) {
  for (const auto& error : list(status, "errors"))
    if (member_text(error, "step") == step) return member_text(error, "error");
  return {};
}

std::string until(const json::value& step, Time now) {
  const auto due = base::parse_time(member_text(step, "due_at"));
  return due && *due > now ? "again in " + duration_text((*due - now).count()) : std::string();
}

// What there is to say of the step beside its state, time and attempt.
std::string remark(const json::value& status, const json::value& step, Time now) {
  const auto state = member_text(step, "state");
  std::vector<std::string> parts;
  if (state == "waiting" || state == "ready") parts.push_back(member_text(step, "wait_reason"));
  if (state == "waiting") parts.push_back(until(step, now));
  if (!is_ok(state)) parts.push_back(error_of_step(status, member_text(step, "id")));
  if (parts.empty() || parts.back().empty()) parts.push_back(member_text(step, "message"));
  std::string text;
  for (const auto& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : ", ") + printable(part);
  return text;
}

std::string attempt_text(const json::value& step) {
  const auto attempt = number(step, "attempt");
  if (attempt == 0) return {};
  const auto most = number(step, "max_attempts");
  return "attempt " + std::to_string(attempt) + (most > 0 ? "/" + std::to_string(most) : "");
}

struct Widths {
  std::size_t step = 0;
  std::size_t total = 80;
};

std::string step_line(const json::value& status, const json::value& step, const Look& look, Widths widths, Time now) {
  const auto state = member_text(step, "state");
  const auto& mark = mark_of(state);
  const auto has_time = !member_text(step, "duration_ms").empty();
  const std::string head = std::string(look.utf8 ? mark.symbol : mark.plain) + " " + pad(printable(state), kStateWidth);
  std::string rest = "  " + pad(printable(member_text(step, "id")), widths.step) + "  " +
                     pad(has_time ? duration_text(number(step, "duration_ms")) : "", 8) + "  " +
                     pad(attempt_text(step), 11) + "  " + remark(status, step, now);
  rest.erase(rest.find_last_not_of(' ') + 1);
  const auto taken = columns(head);
  return painted(head, mark.colour, look) + fit(rest, widths.total > taken ? widths.total - taken : 0);
}

std::size_t step_width(const json::value& status) {
  std::size_t width = 0;
  for (const auto& step : list(status, "steps")) width = std::max(width, columns(printable(member_text(step, "id"))));
  return width;
}

std::string elapsed(const json::value& status, Time now) {
  const auto from = base::parse_time(member_text(status, "started_at"));
  if (!from) return {};
  const auto to = base::parse_time(member_text(status, "completed_at"));
  return duration_text(std::max<std::int64_t>(0, (to.value_or(now) - *from).count()));
}

std::string headline(const std::string& name, const json::value& status, const Look& look, Time now) {
  const double done = percent(status, "progress");
  const auto filled = static_cast<std::size_t>(std::lround(done / 100.0 * static_cast<double>(kBarWidth)));
  std::string bar;
  for (std::size_t i = 0; i < kBarWidth; ++i) bar += look.utf8 ? (i < filled ? "█" : "░") : (i < filled ? "#" : "-");
  std::string text = printable(name) + "  " + member_text(status, "status") + "  [" + bar + "] " + percent_text(done) +
                     "  " + member_text(status, "steps_completed") + "/" + member_text(status, "total_steps") +
                     " steps  " + elapsed(status, now);
  const auto end = base::parse_time(member_text(status, "estimated_completion"));
  if (end && *end > now && !is_over(status)) text += ", about " + duration_text((*end - now).count()) + " left";
  return fit(text, look.width);
}

// Steps from `first` up to `last` that are shown; what is left out is finished, or far from running.
struct Part {
  std::size_t first = 0;
  std::size_t last = 0;
};

Part visible(const json::array& steps, std::size_t room) {
  if (steps.size() <= room) return {0, steps.size()};
  const std::size_t kept = room > 2 ? room - 2 : 1;
  std::size_t first = 0;
  while (first + kept < steps.size() && is_ok(member_text(steps[first], "state"))) ++first;
  return {first, first + kept};
}

}  // namespace

bool is_over(const json::value& status) { return member_text(status, "status") != "IN_PROGRESS"; }

int exit_code_of(const json::value& status) {
  const auto word = member_text(status, "status");
  if (word == "COMPLETED") return kExitOk;
  return word == "PARTIAL" ? kExitPartial : kExitFailed;
}

std::vector<std::string> picture(const std::string& name, const json::value& status, const Look& look, Time now) {
  std::vector<std::string> lines{headline(name, status, look, now)};
  const auto& steps = list(status, "steps");
  const auto part = visible(steps, look.height > 4 ? look.height - 3 : 1);
  if (part.first > 0) lines.push_back(fit("  " + std::to_string(part.first) + " finished steps before", look.width));
  const Widths widths{step_width(status), look.width};
  for (auto i = part.first; i < part.last; ++i) lines.push_back(step_line(status, steps[i], look, widths, now));
  if (part.last < steps.size())
    lines.push_back(fit("  " + std::to_string(steps.size() - part.last) + " more steps", look.width));
  return lines;
}

std::vector<std::string> Changes::next(const json::value& status, const Look& look, Time now) {
  std::vector<std::string> lines;
  const Widths widths{step_width(status), std::max<std::size_t>(look.width, 400)};
  for (const auto& step : list(status, "steps")) {
    const auto state = member_text(step, "state");
    auto& seen = seen_[member_text(step, "id")];
    const auto now_seen = state + " " + member_text(step, "attempt") + " " + member_text(step, "wait_reason");
    if (seen == now_seen) continue;
    seen = now_seen;
    if (state == "pending" || (state == "ready" && member_text(step, "wait_reason").empty())) continue;
    std::string line = pad(elapsed(status, now), 8) + "  " + pad(percent_text(percent(status, "progress")), 6) + "  ";
    lines.push_back(line + step_line(status, step, look, widths, now));
  }
  return lines;
}

std::vector<std::string> closing(const std::string& name, const json::value& status) {
  const auto word = member_text(status, "status");
  std::vector<std::string> lines;
  if (word == "NOT_STARTED")
    return {word + "  " + printable(name) + ": no run yet", "Next: tenantry start " + member_text(status, "tenant_id")};
  lines.push_back(word + "  " + printable(name) + ": " + member_text(status, "steps_completed") + " of " +
                  member_text(status, "total_steps") + " steps in " + elapsed(status, Time{}));
  for (const auto& error : list(status, "errors")) {
    lines.push_back("  " + printable(member_text(error, "step")) + ": " + printable(member_text(error, "error")) +
                    " (" + printable(member_text(error, "code")) + ")");
    if (const auto next = printable(member_text(error, "next_action")); !next.empty())
      lines.push_back("  Next: " + next);
  }
  return lines;
}

int watch(Client& client, const std::string& tenant, const std::string& name, const WatchOptions& options,
          std::ostream& out, std::ostream& err) {
  using Steady = std::chrono::steady_clock;
  const std::string path = "/api/provisioning/tenants/" + encode_segment(tenant) + "/status";
  const bool redraw = options.look.terminal && options.format == Format::kTable;
  const base::SystemClock clock;
  Changes changes;
  std::size_t drawn = 0;
  std::string said;
  auto last_answer = Steady::now();
  bool silent = false;
  for (;; std::this_thread::sleep_for(options.interval)) {
    const auto status = client.get(path);
    if (status.has_error()) {
      const bool down = status.error().kind == base::ErrorKind::kUnavailable;
      if (!down || Steady::now() - last_answer > options.patience) {
        print_error(err, status.error());
        return exit_code(status.error());
      }
      if (!silent) err << printable(status.error().message) << " Waiting for the host to come back." << std::endl;
      silent = true;
      drawn = 0;
      continue;
    }
    silent = false;
    last_answer = Steady::now();
    const auto now = clock.now();
    std::string text;
    if (options.format == Format::kJson) {
      auto line = base::to_text(*status) + "\n";
      if (line != said) text = said = std::move(line);
    } else if (redraw) {
      if (drawn > 0) text += "\x1b[" + std::to_string(drawn) + "A\r";
      const auto lines = picture(name, *status, options.look, now);
      for (const auto& line : lines) text += line + "\x1b[K\n";
      text += "\x1b[J";
      drawn = lines.size();
    } else {
      for (const auto& line : changes.next(*status, options.look, now)) text += line + "\n";
    }
    const bool over = is_over(*status);
    if (over && options.format == Format::kTable)
      for (const auto& line : closing(name, *status)) text += line + "\n";
    if (!text.empty()) out << text << std::flush;
    if (over) return member_text(*status, "status") == "NOT_STARTED" ? kExitRefused : exit_code_of(*status);
  }
}

}  // namespace tenantry::client
