#include "child/outbox.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/mask.hpp"
#include "child/frames.hpp"

namespace tenantry::child {

Outbox::~Outbox() { base::wipe(kept_); }

bool Outbox::send(std::string_view frame) {
  const std::scoped_lock lock(mutex_);
  if (socket_ < 0) return true;  // whoever waits for the answer hears of the end of the process
  if (kept_.size() > kMaxFromHost) return false;
  if (!kept_.empty()) {
    append(frame);
    return true;
  }
  const auto done = write(frame);
  if (done == frame.size()) return true;
  append(frame.substr(done));
  ::eventfd_write(wake_, 1);
  return true;
}

// Without leaving an old copy of the bytes behind.
void Outbox::append(std::string_view bytes) {
  if (kept_.capacity() - kept_.size() < bytes.size()) {
    std::string larger;
    larger.reserve((kept_.size() + bytes.size()) * 2);
    larger = kept_;
    base::wipe(kept_);
    kept_.swap(larger);
  }
  kept_ += bytes;
}

void Outbox::flush() {
  const std::scoped_lock lock(mutex_);
  if (socket_ < 0 || kept_.empty()) return;
  sent_ += write(std::string_view(kept_).substr(sent_));
  if (sent_ < kept_.size()) return;
  base::wipe(kept_);
  sent_ = 0;
}

bool Outbox::is_waiting() const {
  const std::scoped_lock lock(mutex_);
  return !kept_.empty();
}

void Outbox::close() {
  const std::scoped_lock lock(mutex_);
  socket_ = -1;
  base::wipe(kept_);
  sent_ = 0;
}

std::size_t Outbox::write(std::string_view bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto wrote = ::send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  return done;
}

}  // namespace tenantry::child
