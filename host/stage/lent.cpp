#include "stage/lent.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace tenantry::stage {

Lent::Lent(std::string_view bytes) : size_(bytes.size()) {
  if (bytes.empty()) return;
  static const auto kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto body = (bytes.size() + kPage - 1) / kPage * kPage;
  length_ = body + kPage;
  mapping_ = ::mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  data_ = static_cast<char*>(mapping_) + body - bytes.size();
  std::memcpy(data_, bytes.data(), bytes.size());
  if (::mprotect(static_cast<char*>(mapping_) + body, kPage, PROT_NONE) != 0)
    throw std::system_error(errno, std::generic_category(), "mprotect");
}

Lent::Lent(Lent&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      length_(other.length_),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Lent& Lent::operator=(Lent&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(length_, other.length_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

// The addresses stay taken, so that nothing else comes to lie there and a late reader is sure to be caught.
Lent::~Lent() {
  if (mapping_ == nullptr) return;
  ::madvise(mapping_, length_, MADV_DONTNEED);
  ::mprotect(mapping_, length_, PROT_NONE);
}

}  // namespace tenantry::stage
