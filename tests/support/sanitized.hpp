// Whether this is built with a sanitizer, which keeps freed memory and takes its time.
#pragma once

namespace tenantry::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace tenantry::test
