# An image that runs as an ordinary user on a read-only file system and compiles nothing when it starts:
#
#     docker build -t backtest .
#     docker run --read-only --tmpfs /tmp -v "$PWD:/work" --user "$(id -u)" backtest run configs/erc.yaml
#
# Kernels are compiled for the kind of processor that builds the image; on another kind, each start compiles them again.
FROM python:3.13-slim AS build
WORKDIR /source
RUN python -m venv /opt/backtest
COPY requirements/run.txt requirements/
RUN /opt/backtest/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/run.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY backtest backtest
COPY strategies strategies
RUN /opt/backtest/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
COPY configs configs
COPY scripts/compile_kernels.py scripts/
RUN NUMBA_CACHE_DIR=/opt/caches/kernels MPLCONFIGDIR=/opt/caches/matplotlib \
    /opt/backtest/bin/python scripts/compile_kernels.py && chmod -R a+rX /opt/caches

FROM python:3.13-slim
COPY --from=build /opt /opt
ENV PATH=/opt/backtest/bin:$PATH \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/caches/matplotlib \
    NUMBA_CACHE_DIR=/tmp/caches/kernels
WORKDIR /work
USER 10001
# Numba and matplotlib use only caches that they could write to, so the compiled ones are copied to /tmp, in some 10 ms.
ENTRYPOINT ["sh", "-c", "cp -R /opt/caches /tmp/ && exec backtest \"$@\"", "backtest"]
