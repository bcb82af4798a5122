#include "child/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.hpp"

namespace tenantry::child {

bool Output::rests() const {
  return bytes_ > kBytesPerSecond && std::chrono::steady_clock::now() - window_ < std::chrono::seconds(1);
}

bool Output::read(int fd) {
  char bytes[16U << 10U];
  const auto got = ::read(fd, bytes, sizeof bytes);
  if (got > 0) take({bytes, static_cast<std::size_t>(got)});
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void Output::take(std::string_view bytes) {
  begin_second();
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    const auto room = kLongestLine - current_.size();
    current_ += piece.substr(0, room);
    cut_ = cut_ || piece.size() > room;
    if (end == std::string_view::npos) return;
    flush();
    bytes.remove_prefix(end + 1);
  }
}

void Output::end() {
  if (!current_.empty()) flush();
  tell_dropped();
}

void Output::begin_second() {
  const auto now = std::chrono::steady_clock::now();
  if (now - window_ < std::chrono::seconds(1)) return;
  tell_dropped();
  window_ = now;
  lines_ = 0;
  bytes_ = 0;
}

void Output::flush() {
  auto line = std::exchange(current_, {});
  const bool was_cut = std::exchange(cut_, false);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return;
  if (++lines_ > kLinesPerSecond) {
    ++dropped_;
    return;
  }
  line_(base::to_utf8(line) + (was_cut ? "…" : ""));
}

void Output::tell_dropped() {
  if (const auto count = std::exchange(dropped_, 0); count > 0)
    line_("(" + std::to_string(count) + " more lines were dropped)");
}

}  // namespace tenantry::child
