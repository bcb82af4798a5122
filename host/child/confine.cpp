#include "child/confine.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace tenantry::child {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // reserves terabytes, and looks at its own process
#else
constexpr bool kSanitized = false;
#endif

constexpr rlim_t kStack = rlim_t{8} << 20U;

// Never above what the host itself may.
bool limit(__rlimit_resource resource, rlim_t most) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return false;
  now.rlim_cur = now.rlim_max = std::min(most, now.rlim_max);
  return ::setrlimit(resource, &now) == 0;
}

std::optional<std::string> become(const std::string& user) {
  const auto cannot = [&](const std::string& why) { return "its process cannot run as user " + user + ": " + why; };
  errno = 0;
  const auto* found = ::getpwnam(user.c_str());  // there is one thread only
  if (found == nullptr) return cannot(errno != 0 ? std::strerror(errno) : "there is no such user");
  if (::getuid() == found->pw_uid && ::geteuid() == found->pw_uid) return std::nullopt;
  if (::initgroups(found->pw_name, found->pw_gid) != 0 || ::setgid(found->pw_gid) != 0 || ::setuid(found->pw_uid) != 0)
    return cannot(std::strerror(errno));
  ::setenv("HOME", found->pw_dir, 1);
  ::setenv("USER", found->pw_name, 1);
  ::setenv("LOGNAME", found->pw_name, 1);
  return std::nullopt;
}

// When memory is short, engines go first.
void prefer_to_be_killed() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  static_cast<void>(::write(file, "500", 3) == 3);
  ::close(file);
}

}  // namespace

std::optional<std::string> confine(const Limits& limits, std::size_t threads) {
  prefer_to_be_killed();
  bool done = limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, limits.open_files);
  // What is written to, rather than the address space: allocators and threads reserve far more of that than they use.
  if (!kSanitized) done = done && limit(RLIMIT_DATA, (rlim_t{limits.memory_mb} << 20U) + threads * kStack);
  if (limits.processes > 0) done = done && limit(RLIMIT_NPROC, limits.processes);
  if (!done) return std::string("its process cannot be limited: ") + std::strerror(errno);
  if (!limits.user.empty())
    if (auto fault = become(limits.user)) return fault;
  // After the change of user, which undoes both.
  if (!kSanitized) ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return std::nullopt;
}

}  // namespace tenantry::child
