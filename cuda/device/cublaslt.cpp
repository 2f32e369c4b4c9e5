// Loads cuBLASLt when the first GPU engine is made. The library has half a gigabyte; a program
// linked to it would take 0.1 s to start, and would not start where it is missing, with or without
// a GPU. The functions here are those of its header that the engine calls; each passes its call on.
#include <cublasLt.h>
#include <dlfcn.h>

#include "host/core/error.hpp"

namespace {

#define EDGEVAL_TEXT_OF(number) #number
#define EDGEVAL_LIBRARY(number) "libcublasLt.so." EDGEVAL_TEXT_OF(number)

void* open_library() {
  constexpr const char* kName = EDGEVAL_LIBRARY(CUBLAS_VER_MAJOR);
  // The system's own folders come first, then the place where it was found for the build.
  for (const char* place : {kName, EDGEVAL_CUBLASLT})
    if (void* library = ::dlopen(place, RTLD_NOW | RTLD_LOCAL)) return library;
  throw edgeval::Error(edgeval::concat(
      kName, ", which the GPU engine needs, cannot be loaded; install cuBLAS of the CUDA toolkit ",
      CUBLAS_VER_MAJOR, ", name its folder in LD_LIBRARY_PATH, or take --device cpu"));
}

// Returns the library's function of this name and type.
template <class Function>
Function* found(const char* name) {
  static void* const library = open_library();
  void* function = ::dlsym(library, name);
  if (function == nullptr)
    throw edgeval::Error(edgeval::concat("the library of cuBLASLt has no function ", name));
  return reinterpret_cast<Function*>(function);  // POSIX gives functions as plain pointers
}

}  // namespace

#define EDGEVAL_PASS_ON(name, arguments)                      \
  static auto* const function = found<decltype(name)>(#name); \
  return function arguments

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  EDGEVAL_PASS_ON(cublasLtCreate, (handle));
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  EDGEVAL_PASS_ON(cublasLtDestroy, (handle));
}

size_t cublasLtGetVersion() { EDGEVAL_PASS_ON(cublasLtGetVersion, ()); }

const char* cublasLtGetStatusString(cublasStatus_t status) {
  EDGEVAL_PASS_ON(cublasLtGetStatusString, (status));
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                              const void* alpha, const void* a, cublasLtMatrixLayout_t a_layout,
                              const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              size_t workspace_bytes, cudaStream_t stream) {
  EDGEVAL_PASS_ON(cublasLtMatmul,
                  (handle, operation, alpha, a, a_layout, b, b_layout, beta, c, c_layout, d,
                   d_layout, algorithm, workspace, workspace_bytes, stream));
}

cublasStatus_t cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t layout, size_t size,
                                                 cudaDataType type, uint64_t rows, uint64_t columns,
                                                 int64_t stride) {
  EDGEVAL_PASS_ON(cublasLtMatrixLayoutInit_internal, (layout, size, type, rows, columns, stride));
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void* value, size_t bytes) {
  EDGEVAL_PASS_ON(cublasLtMatrixLayoutSetAttribute, (layout, attribute, value, bytes));
}

cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t operation, size_t size,
                                               cublasComputeType_t computing,
                                               cudaDataType_t scaling) {
  EDGEVAL_PASS_ON(cublasLtMatmulDescInit_internal, (operation, size, computing, scaling));
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  EDGEVAL_PASS_ON(cublasLtMatmulDescSetAttribute, (operation, attribute, value, bytes));
}

cublasStatus_t cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t preference,
                                                     size_t size) {
  EDGEVAL_PASS_ON(cublasLtMatmulPreferenceInit_internal, (preference, size));
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  EDGEVAL_PASS_ON(cublasLtMatmulPreferenceSetAttribute, (preference, attribute, value, bytes));
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a_layout,
    cublasLtMatrixLayout_t b_layout, cublasLtMatrixLayout_t c_layout,
    cublasLtMatrixLayout_t d_layout, cublasLtMatmulPreference_t preference, int wanted,
    cublasLtMatmulHeuristicResult_t results[], int* found_results) {
  EDGEVAL_PASS_ON(cublasLtMatmulAlgoGetHeuristic,
                  (handle, operation, a_layout, b_layout, c_layout, d_layout, preference, wanted,
                   results, found_results));
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                       cublasLtMatrixLayout_t a_layout,
                                       cublasLtMatrixLayout_t b_layout,
                                       cublasLtMatrixLayout_t c_layout,
                                       cublasLtMatrixLayout_t d_layout,
                                       const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  EDGEVAL_PASS_ON(cublasLtMatmulAlgoCheck,
                  (handle, operation, a_layout, b_layout, c_layout, d_layout, algorithm, result));
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algorithm,
                                                    cublasLtMatmulAlgoConfigAttributes_t attribute,
                                                    void* value, size_t bytes, size_t* written) {
  EDGEVAL_PASS_ON(cublasLtMatmulAlgoConfigGetAttribute,
                  (algorithm, attribute, value, bytes, written));
}

}  // extern "C"
