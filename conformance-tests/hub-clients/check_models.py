"""Saves and loads a tiny model and an adapter by transformers and peft, through a hub.

    HF_ENDPOINT=http://HOST:PORT HF_TOKEN=TOKEN python check_models.py NAMESPACE WORK

The token must be one of role write for the namespace. Stops at the first thing that isn't as it should be.
"""

import os
import pathlib
import sys

NAMESPACE = sys.argv[1]
WORK = pathlib.Path(sys.argv[2])
os.environ["HF_HOME"] = str(WORK / "home")
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import huggingface_hub  # noqa: E402
import peft  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

print("transformers", transformers.__version__, "peft", peft.__version__, "huggingface_hub", huggingface_hub.__version__)
torch.manual_seed(1)
config = transformers.GPT2Config(n_layer=2, n_head=2, n_embd=32, vocab_size=100, n_positions=16, bos_token_id=0, eos_token_id=0)
model = transformers.GPT2LMHeadModel(config).eval()
text = torch.tensor([[1, 2, 3, 4]])
with torch.no_grad():
    expected = model(text).logits

base = f"{NAMESPACE}/tiny"
model.push_to_hub(base)
loaded = transformers.AutoModelForCausalLM.from_pretrained(base).eval()
with torch.no_grad():
    assert torch.equal(loaded(text).logits, expected)
print("passed transformers")

adapted = peft.get_peft_model(loaded, peft.LoraConfig(r=4, target_modules=["c_attn"], init_lora_weights=False)).eval()
with torch.no_grad():
    tuned = adapted(text).logits
assert not torch.equal(tuned, expected)
adapter = f"{NAMESPACE}/tiny-lora"
adapted.push_to_hub(adapter)
again = peft.AutoPeftModelForCausalLM.from_pretrained(adapter).eval()
with torch.no_grad():
    assert torch.equal(again(text).logits, tuned)
print("passed peft")

metadata = huggingface_hub.get_safetensors_metadata(base)
assert metadata.parameter_count["F32"] == sum(p.numel() for p in model.parameters()), metadata.parameter_count
print("passed metadata")
print("passed all")
