"""The part of the engine that runs beside a submission's code; it holds no check and no answer."""
