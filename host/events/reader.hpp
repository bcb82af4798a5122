// The far end of a stream, as the feed sees it.
#pragma once
#include <cstddef>
#include <string_view>

namespace tenantry::events {

// Thread-safe; no call blocks. What it holds of what was written is bounded by whoever implements it.
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  // false: it is gone, and nothing more may be written.
  [[nodiscard]] virtual bool write(std::string_view bytes) = 0;
  [[nodiscard]] virtual bool open() const = 0;
  // Bytes written that it has not taken yet.
  [[nodiscard]] virtual std::size_t queued() const = 0;
};

}  // namespace tenantry::events
