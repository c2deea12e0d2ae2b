# Nothing answered: the notebook came back as it was handed out.
