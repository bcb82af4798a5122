// Gives every accepted socket a number that was not in use for a long time (linked with -Wl,--wrap=accept4).
//
// Pistache keeps its books by descriptor number: a number that comes back at once can be taken for the connection that
// had it before. Nothing of ours is written by number, so this is the second lock on that door, for what the library
// still does on its own.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "http/endpoint.hpp"

namespace tenantry::http {
namespace {

constexpr int kFirst = 1024;
constexpr int kLast = 65536;

int descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, kLast));
}

// The lowest free number from `next` on, then round again; -1 if there is none.
int fresh_number(int fd) {
  static std::mutex mutex;
  static int next = 0;
  const std::lock_guard lock(mutex);
  const int limit = descriptor_limit();
  const int first = limit > 2 * kFirst ? kFirst : limit / 2;
  if (next < first || next >= limit) next = first;
  int fresh = ::fcntl(fd, F_DUPFD_CLOEXEC, next);
  if (fresh < 0 || fresh >= kLast) {
    if (fresh >= 0) ::close(fresh);
    fresh = ::fcntl(fd, F_DUPFD_CLOEXEC, first);
  }
  if (fresh >= 0) next = fresh + 1;
  return fresh;
}

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kLast) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kLast);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace tenantry::http

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the names that --wrap prescribes
int __real_accept4(int listener, sockaddr* address, socklen_t* size, int flags);
int __wrap_accept4(int listener, sockaddr* address, socklen_t* size, int flags);

int __wrap_accept4(int listener, sockaddr* address, socklen_t* size, int flags) {
  const int accepted = __real_accept4(listener, address, size, flags);
  const int fresh = accepted < 0 ? -1 : tenantry::http::fresh_number(accepted);
  const int failure = errno;
  if (accepted >= 0) ::close(accepted);
  // With all descriptors in use the listener stays readable: without a pause its thread would spin.
  if (fresh < 0 && failure != EAGAIN && failure != EINTR) ::poll(nullptr, 0, 10);
  errno = failure;
  return fresh;
}
// NOLINTEND(bugprone-reserved-identifier)
}
