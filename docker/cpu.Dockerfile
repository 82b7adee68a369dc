# The project on a CPU: builds it, runs its tests (the CUDA path on the emulator among them), and leaves an image with the command line.
#   docker build -f docker/cpu.Dockerfile -t rnngpu .
#   docker run --rm rnngpu selftest --device cpu
#   docker run --rm -v "$PWD/runs:/runs" -v "$PWD/book.txt:/book.txt" rnngpu train charlm --data /book.txt --out /runs/book
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
# The emulator of the driver is built with g++ by the tests.
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN dotnet restore RnnGpu.sln --locked-mode

FROM build AS test
RUN dotnet test RnnGpu.sln -c Release
RUN touch /tested

FROM build AS publish
# Nothing is published that was not tested.
COPY --from=test /tested /tested
RUN dotnet publish src/RnnGpu.Cli -c Release --no-restore -o /app

FROM mcr.microsoft.com/dotnet/runtime:10.0
COPY --from=publish /app /app
WORKDIR /work
ENTRYPOINT ["dotnet", "/app/rnngpu.dll"]
CMD ["doctor"]
