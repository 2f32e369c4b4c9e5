// Finds the best candidates of a step's rows among the words of the vocabulary, and scores words
// that are given. Both read the generator's sums and write no log-probabilities.
#pragma once

#include "cuda/translate/beam.hpp"

namespace edgeval::gpu {

// The generator's sums of V words in each row, and what turns them into log-probabilities.
struct VocabularyTask {
  SumRows sums;
  PolicyStruct numbers;  // of the generator, in the form of step_numbers.hpp if sums_fit
  bool sums_fit;         // whether no sum leaves the range of that form (step_form)
  Index width;           // V
  SoftmaxTables softmax;
};

// Computes the best candidates of every row. count: the number of rows for which the step is
// launched.
void launch_candidates(const Arithmetic& arithmetic, const VocabularyTask& task,
                       const RowView& rows, const SearchView& search, Index count,
                       cudaStream_t stream);
// Adds the log-probability of each row's token, of tokens [R], to the sum of its sentence, in
// sums [S].
void launch_scores(const Arithmetic& arithmetic, const VocabularyTask& task, const RowView& rows,
                   const std::int32_t* tokens, double* sums, Index count, cudaStream_t stream);

}  // namespace edgeval::gpu
