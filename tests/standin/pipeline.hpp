// Asynchronous copies into shared memory (include/cuda_pipeline.h): what threads have begun and not
// yet waited for.
#pragma once

namespace edgeval::standin {

// Forgets the copies that the threads of the last block never waited for. A block starts with this.
void forget_copies();

}  // namespace edgeval::standin
