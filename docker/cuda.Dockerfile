# The GPU kit in an image: what bench/gpu/bundle.sh makes, on a plain base. The image holds no driver and no CUDA library: the container runtime puts the
# host's driver in (NVIDIA Container Toolkit, --gpus).
#   docker build -f docker/cuda.Dockerfile -t rnngpu-cuda .
#   docker run --rm --gpus all -v "$PWD/artifacts/gpu-results:/results" rnngpu-cuda
#   docker run --rm --gpus all rnngpu-cuda rnngpu doctor
#   docker run --rm -v "$PWD/artifacts/gpu-results:/results" rnngpu-cuda run.sh --device emulator
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The emulator must run on other processors than the one that builds.
ENV RNNGPU_EMULATOR_MARCH=x86-64-v3
RUN bench/gpu/bundle.sh /kit

FROM ubuntu:24.04
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility PATH=/opt/rnngpu:$PATH OUT=/results
COPY --from=build /kit /opt/rnngpu
WORKDIR /work
CMD ["run.sh"]
