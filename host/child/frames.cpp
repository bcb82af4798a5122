#include "child/frames.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tenantry::child {
namespace {

constexpr std::size_t kSize = sizeof(std::uint32_t);
constexpr std::size_t kHead = kSize + sizeof(Kind) + sizeof(std::uint64_t);
constexpr std::size_t kAtOnce = 64U << 10U;

template <class Number>
void append(std::string& bytes, Number value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Number>
Number read(const char* from) {
  Number value{};
  std::memcpy(&value, from, sizeof value);
  return value;
}

void wipe(std::vector<char>& bytes, std::size_t from, std::size_t to) {
  if (from < to) ::explicit_bzero(bytes.data() + from, to - from);
}

}  // namespace

FrameWriter::FrameWriter(Kind kind, std::uint64_t call, std::size_t room) {
  bytes_.reserve(kHead + room);
  append(bytes_, std::uint32_t{0});
  append(bytes_, kind);
  append(bytes_, call);
}

FrameWriter& FrameWriter::number(std::uint64_t value) {
  append(bytes_, value);
  return *this;
}

FrameWriter& FrameWriter::text(std::string_view value) {
  append(bytes_, static_cast<std::uint32_t>(value.size()));
  bytes_ += value;
  return *this;
}

std::string FrameWriter::take() {
  const auto size = static_cast<std::uint32_t>(bytes_.size() - kSize);
  std::memcpy(bytes_.data(), &size, sizeof size);
  return std::move(bytes_);
}

std::uint64_t BodyReader::number() {
  if (rest_.size() < sizeof(std::uint64_t)) {
    whole_ = false;
    return 0;
  }
  const auto value = read<std::uint64_t>(rest_.data());
  rest_.remove_prefix(sizeof value);
  return value;
}

std::string_view BodyReader::text() {
  const auto size = rest_.size() < kSize ? 0 : read<std::uint32_t>(rest_.data());
  if (rest_.size() < kSize + size) {
    whole_ = false;
    return {};
  }
  const auto value = rest_.substr(kSize, size);
  rest_.remove_prefix(kSize + size);
  return value;
}

FrameBuffer::~FrameBuffer() { wipe(bytes_, 0, bytes_.size()); }

FrameBuffer::Got FrameBuffer::receive(int socket) {
  wipe_taken();
  if (begin_ == end_) taken_ = begin_ = end_ = 0;
  // What is left of a frame goes to the front, into a larger place if it is a large one.
  if (bytes_.size() - end_ < kAtOnce) {
    std::vector<char> larger(std::max(kAtOnce * 2, (end_ - begin_) * 2 + kAtOnce));
    std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_), bytes_.begin() + static_cast<std::ptrdiff_t>(end_),
              larger.begin());
    wipe(bytes_, 0, bytes_.size());
    bytes_ = std::move(larger);
    end_ -= begin_;
    taken_ = begin_ = 0;
  }
  ssize_t got = 0;
  do got = ::recv(socket, bytes_.data() + end_, kAtOnce, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Got::kNothingYet;
  if (got <= 0) return Got::kEnd;
  end_ += static_cast<std::size_t>(got);
  return Got::kBytes;
}

std::optional<Frame> FrameBuffer::next() {
  wipe_taken();
  if (broken_ || end_ - begin_ < kSize) return std::nullopt;
  const auto* at = bytes_.data() + begin_;
  const std::size_t size = read<std::uint32_t>(at);
  if (size < kHead - kSize || size > largest_) {
    broken_ = true;
    return std::nullopt;
  }
  if (end_ - begin_ < kSize + size) return std::nullopt;
  begin_ += kSize + size;
  return Frame{read<Kind>(at + kSize), read<std::uint64_t>(at + kSize + sizeof(Kind)),
               std::string_view(at + kHead, kSize + size - kHead)};
}

void FrameBuffer::wipe_taken() {
  wipe(bytes_, taken_, begin_);
  taken_ = begin_;
}

}  // namespace tenantry::child
