// A device named "sim" whose memory is the CPU's. Each operator runs on the CPU, on the same memory; an operator that is
// given tensors of both devices raises, as a GPU does.
#include <ATen/EmptyTensor.h>
#include <ATen/native/Resize.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/set_cpu_dispatch.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

using at::IntArrayRef;
using at::Tensor;
using c10::IValue;

namespace {

struct Allocator final : at::Allocator {
  at::DataPtr allocate(size_t bytes) override {
    void* memory = c10::GetCPUAllocator()->raw_allocate(bytes);
    return {memory, memory, &free, c10::Device(c10::DeviceType::PrivateUse1, 0)};
  }
  static void free(void* memory) { c10::GetCPUAllocator()->raw_deallocate(memory); }
  at::DeleterFnPtr raw_deleter() const override { return &free; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

Allocator allocator;
REGISTER_ALLOCATOR(c10::DeviceType::PrivateUse1, &allocator);

const c10::DispatchKeySet kSim(c10::DispatchKey::PrivateUse1);

Tensor empty_strided(IntArrayRef sizes, IntArrayRef strides, std::optional<at::ScalarType> dtype,
                     std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(sizes, strides, &allocator, kSim, c10::dtype_or_default(dtype));
}

Tensor empty(IntArrayRef sizes, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
             std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(sizes, &allocator, kSim, c10::dtype_or_default(dtype), format);
}

// The same memory as a tensor of the CPU.
Tensor on_cpu(const Tensor& t) {
  if (!t.defined() || !t.is_privateuseone()) return t;
  auto options = at::TensorOptions().dtype(t.dtype());
  if (t.numel() == 0) return at::empty_strided(t.sizes(), t.strides(), options);
  return at::from_blob(t.data_ptr(), t.sizes(), t.strides(), options);
}

Tensor on_sim(const Tensor& t) {
  if (!t.defined()) return t;
  Tensor copy = empty_strided(t.sizes(), t.strides(), t.scalar_type(), {}, {}, {});
  on_cpu(copy).copy_(t);
  return copy;
}

Tensor copy_from(const Tensor& from, const Tensor& to, bool) {
  on_cpu(to).copy_(on_cpu(from));
  return to;
}

Tensor copy_from_and_resize(const Tensor& from, const Tensor& to) {
  at::native::resize_(to, from.sizes(), std::nullopt);
  return copy_from(from, to, false);
}

Tensor& set_storage(Tensor& t, at::Storage storage, int64_t offset, IntArrayRef sizes, IntArrayRef strides) {
  return at::cpu::set_(t, storage, offset, sizes, strides);
}

Tensor& set_whole_storage(Tensor& t, at::Storage storage) {
  const int64_t values = storage.nbytes() / t.dtype().itemsize();
  return at::cpu::set_(t, storage, 0, {values}, {1});
}

void require_alike(const char* name, bool sim, bool cpu) {
  TORCH_CHECK(!(sim && cpu), "Expected all tensors to be on the same device, but ", name, " has some of sim and of cpu");
}

// What the arguments of an operator become on the CPU, and which devices they are of. Numbers, of no dimension, mix.
struct Arguments {
  bool sim = false, cpu = false;

  Tensor tensor(const Tensor& t) {
    if (t.defined()) (t.is_privateuseone() ? sim : cpu) |= t.is_privateuseone() || t.dim() > 0;
    return on_cpu(t);
  }
  IValue value(const IValue& v) {
    if (v.isTensor()) return tensor(v.toTensor());
    if (v.isDevice()) return c10::Device(at::kCPU);
    if (v.isTensorList()) {
      c10::List<Tensor> list;
      for (const Tensor& t : v.toTensorVector()) list.push_back(tensor(t));
      return list;
    }
    if (v.isOptionalTensorList()) {
      c10::List<std::optional<Tensor>> list;
      for (std::optional<Tensor> t : v.toOptionalTensorList()) list.push_back(t ? std::optional(tensor(*t)) : t);
      return list;
    }
    return v;
  }
};

// What an operator returned on the CPU, as `sim` has it: the argument that it wrote to, or a copy.
IValue result(const IValue& v, const c10::AliasInfo* alias, const c10::FunctionSchema& schema,
              const std::vector<IValue>& given) {
  if (v.isTensorList()) {
    c10::List<Tensor> list;
    for (const Tensor& t : v.toTensorVector()) list.push_back(on_sim(t));
    return list;
  }
  if (!v.isTensor()) return v;
  for (size_t i = 0; alias && alias->isWrite() && i < given.size(); i++) {
    const auto* written = schema.arguments()[i].alias_info();
    if (!written || !(*written == *alias) || !given[i].isTensor()) continue;
    Tensor out = given[i].toTensor(), found = v.toTensor();
    if (out.sizes() != found.sizes()) {
      at::native::resize_(out, found.sizes(), std::nullopt);
      on_cpu(out).copy_(found);
    }
    return out;
  }
  return on_sim(v.toTensor());
}

void on_the_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  std::vector<IValue> given(stack->end() - schema.arguments().size(), stack->end());
  Arguments arguments;
  for (size_t i = 0; i < given.size(); i++) (*stack)[stack->size() - given.size() + i] = arguments.value(given[i]);
  require_alike(schema.name().c_str(), arguments.sim, arguments.cpu);
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  const size_t returned = schema.returns().size();
  for (size_t i = 0; i < returned; i++) {
    IValue& v = (*stack)[stack->size() - returned + i];
    v = result(v, schema.returns()[i].alias_info(), schema, given);
  }
}

Tensor convolution(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias, IntArrayRef stride,
                   IntArrayRef padding, IntArrayRef dilation, bool transposed, IntArrayRef output_padding,
                   int64_t groups) {
  require_alike("convolution", true, !x.is_privateuseone() || !weight.is_privateuseone());
  auto on_bias = bias && bias->defined() ? std::optional(on_cpu(*bias)) : std::nullopt;
  return on_sim(at::convolution(on_cpu(x), on_cpu(weight), on_bias, stride, padding, dilation, transposed,
                                output_padding, groups));
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(const Tensor& gradient, const Tensor& x, const Tensor& weight,
                                                        IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
                                                        bool transposed, IntArrayRef output_padding, int64_t groups,
                                                        std::array<bool, 3> wanted) {
  require_alike("convolution_backward", true, !gradient.is_privateuseone() || !x.is_privateuseone());
  const int64_t bias[] = {weight.size(0)};
  auto [a, b, c] = at::convolution_backward(on_cpu(gradient), on_cpu(x), on_cpu(weight), IntArrayRef(bias), stride,
                                            padding, dilation, transposed, output_padding, groups, wanted);
  return {on_sim(a), on_sim(b), on_sim(c)};
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("resize_", TORCH_FN(at::native::resize_));
  m.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
  m.impl("view", TORCH_FN(at::native::view));
  m.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  m.impl("set_.source_Storage_storage_offset", set_storage);
  m.impl("set_.source_Storage", set_whole_storage);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("_local_scalar_dense", +[](const Tensor& t) { return on_cpu(t).item(); });
  m.impl("convolution_overrideable", convolution);
  m.impl("convolution_backward_overrideable", convolution_backward);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_the_cpu>()); }

}  // namespace
