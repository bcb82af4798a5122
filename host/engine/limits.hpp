// How much an engine may say (abi.md: the contract's limits). Bytes.
#pragma once
#include <cstddef>

namespace tenantry::engine {

inline constexpr std::size_t kMaxManifest = 1U << 20U;
inline constexpr std::size_t kMaxOutput = 1U << 20U;
inline constexpr std::size_t kMaxCheckpoint = 256U << 10U;
inline constexpr std::size_t kMaxErrorCode = 128;
inline constexpr std::size_t kMaxErrorMessage = 8U << 10U;  // longer ones are cut and marked
inline constexpr std::size_t kMaxLogLine = 16U << 10U;      // the same
inline constexpr std::size_t kMaxDetail = 16U << 10U;       // of an error or a log line; longer ones are dropped
inline constexpr std::size_t kMaxEvent = 64U << 10U;        // an event of the engine's own; longer ones are dropped
inline constexpr std::size_t kMaxSecretName = 128;
inline constexpr std::size_t kMaxSecretValue = 64U << 10U;
inline constexpr std::size_t kMaxFile = 256U << 20U;

}  // namespace tenantry::engine
