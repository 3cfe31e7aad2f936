"""The stages of the job: Dask orchestration, one module and one public function each."""
