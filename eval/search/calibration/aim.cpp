#include "eval/search/calibration/aim.hpp"

#include "host/core/error.hpp"
#include "hwmodel/pricing.hpp"

namespace edgeval {

LossKind LossBudget::kind() const {
  return {.less_is_better = is_error_metric(metric), .relative = relative};
}

double LossBudget::error_limit(double dense, double words) const {
  return dense + (most + kLossRounding) / 100 * (relative ? dense : words);
}

Least parse_least(const std::string& text) {
  if (text == "macs") return {CostKind::kMacs};
  if (text == "rows") return {CostKind::kRows};
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  EDGEVAL_EXPECTS((kind == "energy" || kind == "seconds") && colon != std::string::npos &&
                      colon + 1 < text.size(),
                  "--least ", text,
                  ": must be macs, rows, energy:ACCELERATOR or seconds:ACCELERATOR, such as "
                  "energy:reuse32");
  return {kind == "energy" ? CostKind::kEnergy : CostKind::kSeconds, text.substr(colon + 1)};
}

double cost_of(const Least& least, const hw::Accelerator* accelerator, const PointTotal& total) {
  if (least.kind == CostKind::kMacs) return static_cast<double>(total.activity.macs_executed());
  if (least.kind == CostKind::kRows) {
    EDGEVAL_EXPECTS(total.search, "--least rows: only a beam search has rows; take macs");
    return static_cast<double>(total.search->rows);
  }
  EDGEVAL_ASSERT(accelerator != nullptr);
  const hw::Price price = hw::price(*accelerator, total.activity);
  return least.kind == CostKind::kEnergy ? price.joules : price.seconds;
}

}  // namespace edgeval
