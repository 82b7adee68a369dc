using RnnGpu.Core;

namespace RnnGpu.Nn;

public sealed partial class Sequential
{
    /// <summary>A <see cref="Fit"/> under way: the loss of a batch, and the figures of an epoch.</summary>
    private sealed class FitRun : ITrainable<SampleBatch>, ITrainingCallback, IDisposable
    {
        private readonly Sequential _model;
        private readonly (Samples X, Samples Y)? _validationData;
        private readonly int _batchSize;
        private readonly Tensor _lossSum;
        private readonly Tensor[] _best = [];
        private Evaluation? _validation;
        private long _weight;
        private bool _hasBest;

        public FitRun(Sequential model, (Samples X, Samples Y)? validationData, int batchSize, bool keepBest)
        {
            _model = model;
            _validationData = validationData;
            _batchSize = batchSize;
            _lossSum = model.Device.PersistentZeros(Shape.Scalar);
            if (keepBest) { _best = [.. model.State().Select(entry => model.Device.PersistentZeros(entry.Parameter.Shape))]; }
            foreach (Metric metric in model._metrics) { metric.Reset(); }
        }

        public Module Model => _model;

        public Tensor Loss(SampleBatch batch)
        {
            Device device = _model.Device;
            Tensor predictions = _model.Forward(batch.Inputs(device));
            Tensor targets = batch.Targets(predictions);
            Tensor loss = _model._loss!.Forward(predictions, targets);

            // The sum stays on the device, so that training need not wait for it.
            long weight = _model.LossWeight(batch);
            device.Backend.AddScaled(weight, loss.View, 1f, _lossSum.View);
            _weight += weight;
            if (_model._metrics.Length == 0) { return loss; }
            using NoGradScope scope = device.NoGrad();
            foreach (Metric metric in _model._metrics) { metric.Update(predictions, targets); }
            return loss;
        }

        public double Validate()
        {
            (Samples x, Samples y) = _validationData!.Value;
            _validation = _model.EvaluateAll(x, y, _batchSize);
            foreach (Metric metric in _model._metrics) { metric.Reset(); }
            return _validation.Loss;
        }

        public void OnEpoch(in TrainingFigures figures)
        {
            double sum = _lossSum.Item();
            var training = new Evaluation(_model._loss!.Reduction == Reduction.Sum ? sum : sum / _weight, _model.MetricValues());
            _model.History!.Add(new EpochFigures(training, Validation: null, figures.LearningRate));
            _model.Device.Backend.Fill(0f, _lossSum.View);
            _weight = 0;
            foreach (Metric metric in _model._metrics) { metric.Reset(); }
        }

        public void OnValidation(in TrainingFigures figures)
        {
            if (_validation is not null) { _model.History!.SetValidation(_validation); }
            if (figures.BestStep == figures.Step) { KeepBest(); }
        }

        public void PutBestBack()
        {
            if (!_hasBest) { return; }
            IReadOnlyList<NamedParameter> state = _model.State();
            for (int i = 0; i < _best.Length; i++) { _model.Device.Backend.Copy(_best[i].View, state[i].Parameter.Overwrite()); }
        }

        public void Dispose()
        {
            _lossSum.Release();
            foreach (Tensor tensor in _best) { tensor.Release(); }
        }

        private void KeepBest()
        {
            IReadOnlyList<NamedParameter> state = _model.State();
            for (int i = 0; i < _best.Length; i++) { _model.Device.Backend.Copy(state[i].Parameter.Weight, _best[i].View); }
            _hasBest = _best.Length > 0;
        }
    }
}
